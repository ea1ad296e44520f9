"""Pushing: what waits in the outbox goes to Salesforce, exactly once (spec D, design idea 4).

`drain` is the way in; `claim` takes rows, `compose` decides what each says, `send` says it, `settle` writes
down what became of it, `unknown` finds out where an answer was lost.
"""
