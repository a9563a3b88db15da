"""Uses the index of words for searches by free text. The index has the words of ended executions, without an order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from models.access.viewer import Scope
from models.filters.filters import EVERYTHING, And, Field, Filter, Operator, Term
from models.filters.words import LONGEST_WORD, folded, words_of
from runner.store.lists.orders import ACTIVE, ENDED
from runner.store.postgres.connection import Executes
from runner.store.where import EXECUTIONS, Arguments, compile_listed, compile_scope

_FREQUENT: Final = 0.0025
# Frequencies that ANALYZE found in the index; rarer words are not included.
_FREQUENCY: Final = """
select coalesce(sum(frequency), 0)
from pg_stats, unnest(most_common_elems::text::text[], most_common_elem_freqs) as seen (word, frequency)
where tablename = 'executions_words' and schemaname = current_schema() and starts_with(word, $1)
"""
_INDEXED: Final = f"{ENDED} and headway_words({EXECUTIONS.searched}) @@"


@dataclass(frozen=True, slots=True)
class Words:
    """Words of one term; every match has all of them."""

    term: Term
    words: Sequence[str]

    @property
    def exact(self) -> bool:
        """True if the index alone decides what matches: for a single word, since it can find words by their
        beginning."""
        return [folded(self.term.value)] == self.words and len(self.words[0]) < LONGEST_WORD

    @property
    def query(self) -> str:
        *whole, last = self.words
        return " & ".join([*map(_quoted, whole), f"'{last[:LONGEST_WORD]}':*"])

    async def are_frequent(self, pool: Executes) -> bool:
        """Returns whether scanning the newest executions is faster than the index, which returns all that match."""
        longest = max(self.words, key=len)
        return bool(await pool.fetchval(_FREQUENCY, longest) >= _FREQUENT)


def wanted_words(where: Filter) -> Words | None:
    """The words of one text term of the filter: the one with the longest word, which is likely the rarest."""
    texts = [Words(term, words_of(term.value)) for term in _required(where) if _is_text(term)]
    known = [text for text in texts if text.words]
    return max(known, key=lambda text: max(map(len, text.words)), default=None)


def found_by(scope: Scope, where: Filter, arguments: Arguments) -> str:
    """The condition for all matches, by the index of words if the filter has words."""
    if words := wanted_words(where):
        return f"id = any(array({matching_words(scope, where, words, arguments)}))"
    return listed(scope, where, arguments)


def listed(scope: Scope, where: Filter, arguments: Arguments) -> str:
    """The condition for all matches, checked on each row."""
    return f"{compile_scope(scope, arguments)} and {compile_listed(where, arguments)}"


def matching_words(scope: Scope, where: Filter, words: Words, arguments: Arguments) -> str:
    """SQL for the ids of all matches. Executions that have not ended are not in the index; they are few."""
    rest = _without(where, words.term) if words.exact else where
    query = f"{arguments.add(words.query)}::text::tsquery"
    ended, active = (listed(scope, one, arguments) for one in (rest, where))
    return f"""select id from executions where {_INDEXED} {query} and {ended}
      union all select id from executions where {ACTIVE} and {active}"""


def _quoted(word: str) -> str:
    """Quotes a word for a tsquery. Words have no quotes; too long ones are indexed by their beginning."""
    return f"'{word}'" if len(word) < LONGEST_WORD else f"'{word[:LONGEST_WORD]}':*"


def _required(node: Filter) -> list[Term]:
    match node:
        case Term():
            return [node]
        case And(parts):
            return [term for part in parts for term in _required(part)]
        case _:
            return []


def _without(node: Filter, term: Term) -> Filter:
    if node is term:
        return EVERYTHING
    return And([_without(part, term) for part in node.parts]) if isinstance(node, And) else node


def _is_text(term: Term) -> bool:
    storable = "\0" not in str(term.value) and str(term.value).isprintable()
    return term.field is Field.TEXT and term.operator is Operator.EQ and storable
