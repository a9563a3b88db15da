from tortoise import migrations
from tortoise.migrations import operations as ops

# The same in Python: models/filters/words.py and models/filters/matching.py. Letters are folded as the C locale does.
FUNCTIONS = r"""
create function headway_searched(name text, flow text, error text) returns text
language sql immutable parallel safe as $$
  select lower((name || E'\n' || flow || E'\n' || left(coalesce(error, ''), 4000)) collate "C")
$$;

create function headway_words(searched text) returns tsvector
language sql immutable parallel safe as $$
  select array_to_tsvector(array(
    select distinct left(word, 100) from regexp_split_to_table(searched, '[\u0001-/:-@\[-`{-\u007f]+') word
    where word <> ''))
$$;

create function headway_number(value jsonb) returns numeric
language sql immutable parallel safe as $$
  select case jsonb_typeof(value)
    when 'number' then value::numeric
    when 'string' then case
      when value #>> '{}' ~ '^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?$'
      then (value #>> '{}')::numeric end
    end
$$;

create function headway_lasted(started timestamptz, ended timestamptz) returns float8
language sql immutable parallel safe as $$
  select coalesce(date_part('epoch', ended - started), -1)
$$;
"""

# An execution that has not ended changes often and is one of few: those orders sort it, and these
# indexes get a row once, at its end. An index serves either direction, so state needs but one.
INDEXES = """
drop index executions_state;
create index executions_state on executions (state, id);
create index executions_flow_key on executions (flow_key, id);
create index executions_flow_key_state on executions (flow_key, state, id);
create index executions_started on executions (coalesce(started_at, 'infinity'::timestamptz), id)
  where ended_at is not null;
create index executions_ended on executions (ended_at, id) where ended_at is not null;
create index executions_lasted on executions (headway_lasted(started_at, ended_at), id)
  where ended_at is not null;
create index executions_words on executions
  using gin (headway_words(headway_searched(name, flow_key, failure ->> 'message')))
  where ended_at is not null;
create index executions_properties on executions using gin (properties jsonb_path_ops);
create index executions_branch on executions ((git ->> 'branch'), id) where git is not null;
create index executions_commit on executions ((git ->> 'commit') text_pattern_ops) where git is not null;
"""

SAVED_FILTERS = """
create table saved_filters (
  id uuid primary key, name text not null, owner text not null, shared boolean not null,
  search text not null, order_by text,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  unique (owner, name));
create index saved_filters_shared on saved_filters (name) where shared;
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0009_bulk")]
    operations = [ops.RunSQL(FUNCTIONS), ops.RunSQL(INDEXES), ops.RunSQL(SAVED_FILTERS)]
