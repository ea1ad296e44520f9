"""Conditions: comparisons joined by AND, OR and NOT, which may not be mixed without parentheses."""

from sandbox.soql.date_literals import is_date_literal
from sandbox.soql.errors import malformed, unexpected
from sandbox.soql.lexer import Token, unescape
from sandbox.soql.tree import Call, Comparison, Condition, Literal, Logic, Not, Path, Query

_LISTS = ("IN", "INCLUDES", "EXCLUDES")


class TokenReader:
    def __init__(self, text: str, found: list[Token]) -> None:
        self.text = text
        self._tokens = found
        self._at = 0

    @property
    def now(self) -> Token:
        return self._tokens[self._at]

    @property
    def next(self) -> Token:
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        token = self.now
        if token.kind == "end":
            raise unexpected("")
        self._at += 1
        return token

    def skip_word(self, *words: str) -> bool:
        if self.now.is_word(*words):
            self._at += 1
            return True
        return False

    def skip_mark(self, mark: str) -> bool:
        if self.now.kind == "mark" and self.now.text == mark:
            self._at += 1
            return True
        return False

    def expect_word(self, word: str) -> None:
        if not self.skip_word(word):
            raise unexpected(self.now.text)

    def expect_mark(self, mark: str) -> None:
        if not self.skip_mark(mark):
            raise unexpected(self.now.text)


class ConditionParser(TokenReader):
    def query(self) -> Query:
        raise NotImplementedError

    def dotted_name(self) -> Path:
        first = self.take()
        if first.kind not in {"name", "currency"}:
            raise unexpected(first.text)
        parts = [first.text]
        while self.skip_mark("."):
            parts.append(self.take().text)
        return Path(tuple(parts), first.at)

    def operand(self) -> Path | Call:
        name = self.dotted_name()
        if not self.skip_mark("("):
            return name
        argument = None if self.now.text == ")" else self.operand()
        self.expect_mark(")")
        if isinstance(argument, Call):
            argument = argument.argument  # convertTimezone(CreatedDate) and its like: the org's zone is UTC
        return Call(str(name).upper(), argument, name.at)

    def condition(self) -> Condition:
        first = self.unary()
        joined = [first]
        word = ""
        while self.now.is_word("AND", "OR"):
            found = self.take().text.upper()
            if word and found != word:
                raise unexpected(found)
            word = found
            joined.append(self.unary())
        return Logic(word, joined) if word else first

    def unary(self) -> Condition:
        if self.skip_word("NOT"):
            return Not(self.unary())
        if self.skip_mark("("):
            inner = self.condition()
            self.expect_mark(")")
            return inner
        return self.comparison()

    def comparison(self) -> Comparison:
        left = self.operand()
        token = self.take()
        if token.kind == "operator":
            operator = "!=" if token.text == "<>" else token.text
            return Comparison(left, operator, self.literal())
        if token.is_word("LIKE"):
            return Comparison(left, "LIKE", self.literal(like=True))
        if token.is_word("NOT") and self.now.is_word("IN"):
            self.take()
            return Comparison(left, "NOT IN", self.listed())
        if token.is_word(*_LISTS):
            return Comparison(left, token.text.upper(), self.listed())
        raise unexpected(token.text)

    def listed(self) -> list[Literal] | Query:
        self.expect_mark("(")
        if self.now.is_word("SELECT"):
            inner = self.query()
            self.expect_mark(")")
            return inner
        values = [self.literal()]
        while self.skip_mark(","):
            values.append(self.literal())
        self.expect_mark(")")
        return values

    def literal(self, *, like: bool = False) -> Literal:
        token = self.take()
        if token.kind == "string":
            return Literal("string", unescape(token.text, like=like), token.at)
        if token.kind == "number":
            whole = token.text.lstrip("+-").isdigit()
            return Literal("number", int(token.text) if whole else float(token.text), token.at)
        if token.kind in {"date", "datetime"}:
            return Literal(token.kind, token.text, token.at)
        return self._word_literal(token)

    def _word_literal(self, token: Token) -> Literal:
        word = token.text.upper()
        if token.kind == "currency":
            return Literal("number", float(token.text[3:]), token.at)
        if word in {"TRUE", "FALSE"}:
            return Literal("boolean", word == "TRUE", token.at)
        if word == "NULL":
            return Literal("null", None, token.at)
        if is_date_literal(word):
            return Literal("dateliteral", word, token.at)
        if token.kind == "mark" and token.text == ":":
            raise malformed("Bind variables only allowed in Apex code")
        raise unexpected(token.text)
