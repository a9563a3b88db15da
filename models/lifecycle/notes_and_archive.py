"""The commands on an execution's record: notes beside it, out of the lists and back, gone."""

from models.errors import ProblemCode, Refused
from models.events.record_events import Archived, NoteAdded, Unarchived
from models.lifecycle.actions import Action, Availability, require
from models.lifecycle.commands.records import AddNote, Archive, Delete, RemoveFiles, Unarchive
from models.lifecycle.steps import Decision

LONGEST_NOTE = 10_000


def add_note(steps: Decision, command: AddNote) -> None:
    require(steps.execution, Action.ADD_NOTE)
    check_text(command.text)
    steps.record(NoteAdded(command.note_id, command.text))


def check_text(text: str) -> None:
    """Raises Refused VALIDATION for a note that says nothing or too much."""
    if not text.strip():
        raise Refused.because(ProblemCode.VALIDATION, "a note needs some text", "text")
    if len(text) > LONGEST_NOTE:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"a note has at most {LONGEST_NOTE} characters; this one has {len(text)}",
            "text",
        )


def archive(steps: Decision, _: Archive) -> None:
    require(steps.execution, Action.ARCHIVE)
    steps.record(Archived())


def unarchive(steps: Decision, _: Unarchive) -> None:
    require(steps.execution, Action.UNARCHIVE)
    steps.record(Unarchived())


def delete(steps: Decision, command: Delete) -> None:
    """No fact: its facts go with it, and what remains is the audit entry."""
    require(steps.execution, Action.DELETE)
    steps.removal = command
    if command.artifacts:
        steps.promise(RemoveFiles())


def in_the_past(seq: int) -> list[Availability]:
    """The actions at a moment that is over: none is allowed."""
    sentence = f"this is the past, as of seq {seq}; ask for the execution without `at` to act on it"
    return [Availability(action, False, ProblemCode.INVALID_STATE, sentence) for action in Action]
