"""Query errors in Salesforce's shape: the line, a caret under the place, then the reason."""

from sandbox.errors import ApiError

_BEFORE = 35
_AFTER = 25


def at(text: str, position: int, code: str, reason: str) -> ApiError:
    """`\\n<snippet>\\n   ^\\nERROR at Row:1:Column:18\\n<reason>`, 400."""
    before = text[:position]
    row = before.count("\n") + 1
    start = before.rfind("\n") + 1
    end = text.find("\n", position)
    line = text[start : len(text) if end < 0 else end]
    column = position - start
    cut = max(0, column - _BEFORE)
    snippet = line[cut : column + _AFTER]
    caret = " " * (column - cut) + "^"
    message = f"\n{snippet}\n{caret}\nERROR at Row:{row}:Column:{column + 1}\n{reason}"
    return ApiError(400, code, message)


def malformed(reason: str) -> ApiError:
    return ApiError(400, "MALFORMED_QUERY", reason)


def unexpected(token: str) -> ApiError:
    return malformed(f"unexpected token: '{token or '<EOF>'}'")


def no_column(text: str, position: int, column: str, entity: str) -> ApiError:
    reason = (
        f"No such column '{column}' on entity '{entity}'. If you are attempting to use a custom field, "
        "be sure to "
        "append the '__c' after the custom field name. Please reference your WSDL or the describe call "
        "for the "
        "appropriate names."
    )
    return at(text, position, "INVALID_FIELD", reason)


def no_relationship(text: str, position: int, name: str) -> ApiError:
    reason = (
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
        "relationship, be sure to append the '__r' after the custom relationship name. Please reference "
        "your WSDL "
        "or the describe call for the appropriate names."
    )
    return at(text, position, "INVALID_FIELD", reason)
