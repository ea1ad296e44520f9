import pytest

from sandbox.errors import ApiError
from sandbox.web import Headers, NotAllowed, Request, Response, Router


@pytest.fixture
def router() -> Router:
    made = Router()
    made.get("/a/{id}")(lambda request, id: Response(200, body=id.encode()))
    made.delete("/a/{id}")(lambda request, id: Response(204))
    made.get("/by/{field}/{value:path}")(lambda request, field, value: Response(200, body=value.encode()))
    return made


def test_a_path_parameter_is_decoded(router: Router) -> None:
    answer = router.dispatch(Request.to("GET", "/a/x%20y/"))

    assert answer is not None
    assert answer.body == b"x y"


def test_a_rest_of_path_may_hold_an_encoded_slash(router: Router) -> None:
    answer = router.dispatch(Request.to("GET", "/by/Ext__c/a%2Fb"))

    assert answer is not None
    assert answer.body == b"a/b"


def test_an_unknown_path_has_no_answer(router: Router) -> None:
    assert router.match("GET", "/b") is None


def test_a_wrong_method_is_told_which_are_allowed(router: Router) -> None:
    with pytest.raises(NotAllowed) as refused:
        router.match("PUT", "/a/1")

    assert refused.value.allowed == ["DELETE", "GET"]


def test_header_names_do_not_mind_case() -> None:
    headers = Headers({"Sforce-Auto-Assign": "FALSE"})
    headers["sforce-auto-assign"] = "TRUE"

    assert headers.get("SFORCE-AUTO-ASSIGN") == "TRUE"
    assert list(headers) == ["Sforce-Auto-Assign"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The HTTP entity body is required, but this request has no entity body."),
        (b"{", "Unexpected end-of-input at [line:1, column:2]"),
        (
            b'{"LastName" j',
            "Unexpected character ('j' (code 106)): was expecting a colon to separate field name and value "
            "at [line:1, column:13]",
        ),
    ],
)
def test_a_broken_body_is_a_parser_error_in_salesforces_words(body: bytes, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        Request.to("POST", "/", body=body).json()

    assert (refused.value.code, refused.value.message) == ("JSON_PARSER_ERROR", message)
