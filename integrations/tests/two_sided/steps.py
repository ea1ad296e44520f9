"""What can happen on the two sides: steps that print as the Python that repeats them."""

from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

Side = Literal["here", "there"]
RULES = ("salesforce", "workspace", "newest", "ask")
KINDS = ("account", "contact", "lead", "deal")
BETWEEN = (
    *("push.claimed", "push.waits", "push.composed", "push.marked", "push.answered", "push.settled"),
    *("push.looked up", "pull.page staged", "pull.extract ended", "pull.chunk committed"),
)
KILLS = (*BETWEEN, "pull.chunk written", "pull.object ended", "pull.run ended")
FAULTS = (
    *("cut_before", "cut_after", "commit_later", "row_locked", "rows_locked", "rows_refused", "truncated"),
    *("gateway_timeout_after", "html_after", "html_page", "server_error", "unavailable", "daily_limit"),
    *("concurrent_limit", "session_expired", "too_many_requests", "repeated_rows", "storage_full"),
)


@dataclass(frozen=True)
class Make:
    """A new record. `parent` picks an account, `email` one of a few; there, it may be seen `late` seconds on."""

    side: Side
    kind: str
    email: int = 0
    parent: int | None = None
    late: int = 0


@dataclass(frozen=True)
class Edit:
    """One field of one record gets one of a few values."""

    side: Side
    kind: str
    pick: int
    field: int
    value: int


@dataclass(frozen=True)
class Delete:
    side: Side
    kind: str
    pick: int


@dataclass(frozen=True)
class Undelete:
    """Something comes back out of the org's recycle bin."""

    kind: str
    pick: int


@dataclass(frozen=True)
class Hide:
    """The org's people take a record out of the sync user's sight, or give it back."""

    kind: str
    pick: int
    hidden: bool = True


@dataclass(frozen=True)
class Merge:
    """The org's people merge two records; deals can't be."""

    kind: str
    winner: int
    loser: int


@dataclass(frozen=True)
class Join:
    """Somebody merges two records here, keeping one value of the one merged away."""

    kind: str
    winner: int
    loser: int
    field: int = 0


@dataclass(frozen=True)
class Convert:
    """The org's people convert a lead, into an account of theirs or a new one."""

    pick: int
    parent: int | None = None
    with_deal: bool = False


@dataclass(frozen=True)
class Role:
    """A person gets a role in a deal, another one if there is one already; `away` takes it away."""

    deal: int
    person: int
    role: int
    away: bool = False
    side: Side = "here"


@dataclass(frozen=True)
class Remap:
    """An admin saves a row of the map: what was agreed on its field is none any more."""

    kind: str
    field: int


@dataclass(frozen=True)
class Skip:
    """Time passes: for us, for the org, or for both."""

    seconds: int
    side: Literal["here", "there", "both"] = "both"


@dataclass(frozen=True)
class Freeze:
    """No time passes from step to step, so all that happens has one stamp; until the next one."""


@dataclass(frozen=True)
class Fault:
    """The next call, or the next of one kind, meets it."""

    name: str
    operation: str = ""
    nth: int = 1


Edge = Make | Edit | Delete | Undelete | Hide | Merge | Join | Convert | Role | Remap | Skip | Freeze | Fault


@dataclass(frozen=True)
class Push:
    """`at` a failpoint `then` happens, and if nothing is named, the worker dies there."""

    most: int = 2000
    rounds: int | None = None
    at: str = ""
    then: "tuple[Step, ...] | None" = None


@dataclass(frozen=True)
class Pull:
    by_hand: bool = False
    at: str = ""
    then: "tuple[Step, ...] | None" = None


Step = Edge | Push | Pull


@dataclass(frozen=True)
class Script:
    """One example. `rules` are the maps' conflict rules, in turn; `key`: the org has our external-id field.

    `deletes` and `merges`: deletion and merge sync are on. `lived_in`: both sides hold a few records before it begins.
    """

    steps: tuple[Step, ...]
    rules: tuple[str, ...] = ("salesforce",)
    key: bool = False
    deletes: bool = False
    merges: bool = False
    as_lead: bool = False
    lived_in: bool = False


BEFORE: tuple[Step, ...] = (
    Make("there", "account"),
    Make("there", "contact", email=1, parent=0),
    Make("there", "contact", email=2, parent=0),
    Make("there", "lead", email=3),
    Make("there", "lead", email=5),
    Make("there", "deal", parent=0),
    Pull(),
    Make("here", "account"),
    Make("here", "contact", parent=1),
    Push(),
)

SMALL = st.integers(0, 5)
SIDES = st.sampled_from(["here", "there"])
KIND = st.sampled_from(["contact", "account", "contact", "lead", "deal"])
MAKES = st.builds(
    Make, SIDES, KIND, email=SMALL, parent=st.none() | SMALL, late=st.sampled_from([0, 0, 0, 40, 300])
)
EDITS = st.builds(Edit, SIDES, KIND, SMALL, SMALL, SMALL)
EDGES: st.SearchStrategy[Step] = st.one_of(
    MAKES,
    EDITS,
    EDITS,
    st.builds(Delete, SIDES, KIND, SMALL),
    st.builds(Delete, st.just("there"), KIND, SMALL),
    st.builds(Undelete, KIND, SMALL),
    st.builds(Hide, KIND, SMALL, st.booleans()),
    st.builds(Merge, st.sampled_from(["contact", "account", "lead"]), SMALL, SMALL),
    st.builds(Join, st.sampled_from(["contact", "account", "deal"]), SMALL, SMALL, SMALL),
    st.builds(Convert, SMALL, st.none() | SMALL, st.booleans()),
    st.builds(Role, SMALL, SMALL, st.integers(0, 11), st.booleans(), SIDES),
    st.builds(Remap, KIND, SMALL),
    st.builds(Skip, st.sampled_from([3, 70, 700]), st.sampled_from(["both", "here", "there"])),
    st.builds(Freeze),
    st.builds(
        Fault,
        st.sampled_from(FAULTS),
        st.sampled_from(["", "create,upsert", "update", "delete", "query", "retrieve"]),
        st.integers(1, 2),
    ),
)
PLAIN = st.builds(Push) | st.builds(Pull, st.booleans())
MEANWHILE = st.lists(EDGES | PLAIN, min_size=1, max_size=3).map(tuple)
PUSHES = [at for at in BETWEEN if at.startswith("push.")]
PULLS = [at for at in BETWEEN if at.startswith("pull.")]
SYNCS: st.SearchStrategy[Step] = st.one_of(
    PLAIN,
    st.builds(Push, st.sampled_from([1, 2]), st.just(1)),
    st.builds(Push, at=st.sampled_from(PUSHES), then=MEANWHILE),
    st.builds(Pull, st.booleans(), st.sampled_from(PULLS), MEANWHILE),
    st.builds(Push, at=st.sampled_from([at for at in KILLS if at.startswith("push.")])),
    st.builds(Pull, at=st.sampled_from([at for at in KILLS if at.startswith("pull.")])),
)


def scripts(longest: int) -> st.SearchStrategy[Script]:
    """Scripts of so many steps at most."""
    return st.builds(
        Script,
        st.lists(EDGES | EDGES | SYNCS, min_size=3, max_size=longest).map(tuple),
        st.lists(st.sampled_from(RULES), min_size=1, max_size=5).map(tuple),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.sampled_from([True, True, False]),
    )
