"""The cause of a failure, chosen from the last lines that a program wrote. Pure."""

from models.failure_cause.choice import LONGEST as LONGEST
from models.failure_cause.choice import beside as beside
from models.failure_cause.choice import cause_of as cause_of
from models.failure_cause.shapes import Weight as Weight
from models.failure_cause.tail import Tail as Tail
from models.failure_cause.tail import plain as plain
