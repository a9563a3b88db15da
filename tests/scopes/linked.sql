-- After marked.sql: whatever of mine.n0 can name something else names something of mine.n1. What cannot: a chain of reruns
-- is within one flow.
update executions e set rerun_of = x.id, replay_of = x.id, cached_from = x.id, parent_id = x.id, parent_path = 'sub'
  from (select id from executions where namespace = 'mine.n1' and state = 'FAILED') x where e.namespace = 'mine.n0';
update executions e set rerun_of = x.id, replay_of = x.id, parent_id = x.id, parent_path = 'sub'
  from (select id from executions where namespace = 'mine.n0' and state = 'FAILED') x
  where e.namespace = 'mine.n1' and e.state = 'SUCCESS';
update task_runs t set child_id = x.id, outputs = '{"o": "0xTHEIRS"}', message = '0xTHEIRS', inputs = '{}',
  error = '{"code": "SUBFLOW", "message": "0xTHEIRS"}'
  from (select id from executions where namespace = 'mine.n1' and state = 'FAILED') x
  where t.path = 'sub' and t.execution_id in (select id from executions where namespace = 'mine.n0');
update task_runs t set outputs_from = x.id, state = 'CACHED'
  from (select id from task_runs where path = 'sub' and execution_id in (select id from executions where namespace = 'mine.n1') limit 1) x
  where t.path = 'sub' and t.execution_id in (select id from executions where namespace = 'mine.n0');
update attempts set error = '{"code": "SUBFLOW", "message": "0xTHEIRS"}'
  where task_run_id in (select t.id from task_runs t join executions e on e.id = t.execution_id where e.namespace = 'mine.n0' and t.path = 'sub');
update executions set failure = '{"path": "sub", "attempt": 1, "code": "SUBFLOW", "message": "the subflow mine.n1/f1 did not succeed", "below": "0xTHEIRS"}'
  where namespace = 'mine.n0' and state = 'FAILED';
update artifact_uses u set artifact_id = a.id, uri = 'https://0xTHEIRS' from artifacts a
  where a.namespace = 'mine.n1' and u.execution_id in (select id from executions where namespace = 'mine.n0')
    and u.task_run_id in (select id from task_runs where path = 'ask');
update schedules set last_execution_id = (select id from executions where namespace = 'mine.n1' limit 1)
  where flow_id = (select id from flows where namespace = 'mine.n0');
update bulk_items set made = (select id from executions where namespace = 'mine.n1' limit 1) where namespace = 'mine.n0';
insert into events (execution_id, seq, id, type, at, task_run_id, path, attempt, actor, channel, data, terminal)
  select e.id, 1000, gen_random_uuid(), 'ATTEMPT_ENDED', now(), t.id, 'sub', 1, 'engine', 'ENGINE',
    '{"path": "sub", "attempt": 1, "state": "SUCCESS", "from_state": "RUNNING", "to_state": "SUCCESS", "outputs": {"o": "0xTHEIRS"}}', false
  from executions e join task_runs t on t.execution_id = e.id and t.path = 'sub' where e.namespace = 'mine.n0';
