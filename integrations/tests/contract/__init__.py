"""What the door relies on, proved against an org over real HTTP.

Always run on the sandbox org. With LOCKSTEP_CONTRACT_LOGIN_URL (a My Domain), LOCKSTEP_CONTRACT_CLIENT_ID and
LOCKSTEP_CONTRACT_CLIENT_SECRET (client credentials) in the environment, the same tests also run on that org:
take a developer org. They create a few records named "Lockstep Contract …" there and delete them again.
"""
