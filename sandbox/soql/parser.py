"""Text to tree. Which objects and fields exist is the compiler's business."""

from sandbox.errors import ApiError
from sandbox.soql.errors import malformed, unexpected
from sandbox.soql.lexer import tokens
from sandbox.soql.parse_conditions import ConditionParser
from sandbox.soql.tree import Call, Macro, Order, Path, Query, Selected

MAX_OFFSET = 2000
_CLAUSES = (
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "FOR",
    "ALL",
    "WITH",
    "USING",
    "UPDATE",
)


class Parser(ConditionParser):
    """One query; `parse` is the way in."""

    def query(self) -> Query:
        self.expect_word("SELECT")
        selected = [self.selected()]
        while self.skip_mark(","):
            selected.append(self.selected())
        self.expect_word("FROM")
        name = self.dotted_name()
        made = Query(self.text, selected, str(name), name.at)
        if self.now.kind == "name" and not self.now.is_word(*_CLAUSES):
            self.skip_word("AS")
            made.alias = self.take().text
        self.clauses(made)
        return made

    def clauses(self, made: Query) -> None:
        if self.skip_word("USING"):
            self.expect_word("SCOPE")
            self.take()
        if self.skip_word("WHERE"):
            made.where = self.condition()
        if self.skip_word("WITH"):
            self.take()
        self.grouping(made)
        self.ordering(made)
        self.slicing(made)
        self.trailers(made)

    def grouping(self, made: Query) -> None:
        if self.skip_word("GROUP"):
            self.expect_word("BY")
            made.group_by = [self.operand()]
            while self.skip_mark(","):
                made.group_by.append(self.operand())
        if self.skip_word("HAVING"):
            made.having = self.condition()

    def ordering(self, made: Query) -> None:
        if not self.skip_word("ORDER"):
            return
        self.expect_word("BY")
        made.order_by = [self.order()]
        while self.skip_mark(","):
            made.order_by.append(self.order())

    def order(self) -> Order:
        by = self.operand()
        descending = self.skip_word("DESC")
        if not descending:
            self.skip_word("ASC")
        nulls_last = False
        if self.skip_word("NULLS"):
            nulls_last = self.skip_word("LAST")
            if not nulls_last:
                self.expect_word("FIRST")
        return Order(by, descending, nulls_last)

    def slicing(self, made: Query) -> None:
        if self.skip_word("LIMIT"):
            made.limit = self.whole_number()
        if self.skip_word("OFFSET"):
            made.offset = self.whole_number()
            if made.offset > MAX_OFFSET:
                raise ApiError(
                    400, "NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}"
                )

    def trailers(self, made: Query) -> None:
        while self.now.is_word("FOR", "UPDATE"):
            self.take()
            if not self.skip_word("VIEW", "REFERENCE", "UPDATE", "TRACKING", "VIEWSTAT"):
                raise unexpected(self.now.text)
        if self.skip_word("ALL"):
            self.expect_word("ROWS")
            made.all_rows = True

    def selected(self) -> Selected:
        if self.now.text == "(":
            self.take()
            inner = self.query()
            self.expect_mark(")")
            return Selected(inner)
        if self.now.is_word(*_CLAUSES):
            raise unexpected(self.now.text)
        what: Path | Call | Macro = self.operand()
        if isinstance(what, Call) and what.name == "FIELDS":
            what = Macro(str(what.argument).upper(), what.at)
        alias = None
        if self.now.kind == "name" and not self.now.is_word(*_CLAUSES):
            alias = self.take().text
        return Selected(what, alias)

    def whole_number(self) -> int:
        token = self.take()
        if token.kind != "number" or not token.text.isdigit():
            raise unexpected(token.text)
        return int(token.text)


def parse(text: str) -> Query:
    """The query's tree. Raises MALFORMED_QUERY and its kin."""
    if not text.strip():
        raise malformed("unexpected token: '<EOF>'")
    reader = Parser(text, tokens(text))
    if not reader.now.is_word("SELECT"):
        raise unexpected(reader.now.text)
    made = reader.query()
    if reader.now.kind != "end":
        raise unexpected(reader.now.text)
    return made
