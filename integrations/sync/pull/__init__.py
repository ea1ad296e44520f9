"""The pull: read into staging, then apply in sets (design, ideas 1 and 2).

`runs` starts and ends runs and hands out their lease, `extract` reads into staging, `staging` owns the
tables there, `compile` turns field maps into SQL, `apply` executes it chunk by chunk, `slices` does a
bounded piece of a run so that a task, a command and a test can all drive it.
"""
