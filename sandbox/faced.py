"""A request together with the fault it met, for handlers whose own work the fault changes."""

from dataclasses import dataclass

from sandbox.fault_table import Effect
from sandbox.web import Request

NO_EFFECT = Effect()


@dataclass
class FacedRequest(Request):
    effect: Effect = NO_EFFECT


def effect_of(request: Request) -> Effect:
    return request.effect if isinstance(request, FacedRequest) else NO_EFFECT
