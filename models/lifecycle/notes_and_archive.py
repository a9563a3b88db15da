"""Notes, archiving and deletion of an execution."""

from models.errors import ProblemCode, Refused
from models.events.record_events import Archived, NoteAdded, Unarchived
from models.lifecycle.actions import Action, Availability, require
from models.lifecycle.commands.records import AddNote, Archive, Delete, RemoveFiles, Unarchive
from models.lifecycle.transition_builder import TransitionBuilder

LONGEST_NOTE = 10_000


def add_note(builder: TransitionBuilder, command: AddNote) -> None:
    require(builder.execution, Action.ADD_NOTE)
    check_text(command.text)
    builder.emit(NoteAdded(command.note_id, command.text))


def check_text(text: str) -> None:
    """Raises Refused VALIDATION for a note that is empty or too long."""
    if not text.strip():
        raise Refused.because(ProblemCode.VALIDATION, "a note needs some text", "text")
    if len(text) > LONGEST_NOTE:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"a note may have at most {LONGEST_NOTE} characters; this one has {len(text)}",
            "text",
        )


def archive(builder: TransitionBuilder, _: Archive) -> None:
    require(builder.execution, Action.ARCHIVE)
    builder.emit(Archived())


def unarchive(builder: TransitionBuilder, _: Unarchive) -> None:
    require(builder.execution, Action.UNARCHIVE)
    builder.emit(Unarchived())


def delete(builder: TransitionBuilder, command: Delete) -> None:
    """Deletes the execution. It emits no event, as the events are deleted too; the audit log has an entry."""
    require(builder.execution, Action.DELETE)
    builder.removal = command
    if command.artifacts:
        builder.defer(RemoveFiles())


def in_the_past(seq: int) -> list[Availability]:
    """Returns the actions on an earlier state of an execution: none is allowed."""
    sentence = (
        f"this is an earlier state, as of seq {seq}; query the execution without `at` to act on it"
    )
    return [Availability(action, False, ProblemCode.INVALID_STATE, sentence) for action in Action]
