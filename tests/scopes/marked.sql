-- All that is of mine.n1 says 0xTHEIRS.
update executions set original_id = null;
update executions set name = '0xTHEIRS', labels = '{"a": "0xTHEIRS"}', inputs = '{"day": "0xTHEIRS"}', outputs = '{"o": "0xTHEIRS"}',
  properties = '{"p": "0xTHEIRS"}', trigger = '{"kind": "0xTHEIRS"}', created_by = 'user:0xTHEIRS', git = '{"branch": "0xTHEIRS"}',
  failure = case when failure is null then null else '{"path": "a", "attempt": 1, "code": "X", "message": "0xTHEIRS"}'::jsonb end
  where namespace = 'mine.n1';
update task_runs set message = '0xTHEIRS', inputs = '{"i": "0xTHEIRS"}', outputs = '{"o": "0xTHEIRS"}',
  error = '{"code": "X", "message": "0xTHEIRS"}' where execution_id in (select id from executions where namespace = 'mine.n1');
update attempts set error = '{"code": "X", "message": "0xTHEIRS"}'
  where execution_id in (select id from executions where namespace = 'mine.n1');
update approvals set message = '0xTHEIRS', users = '["0xTHEIRS"]'
  where execution_id in (select id from executions where namespace = 'mine.n1');
update votes set comment = '0xTHEIRS' where approval_id in (select id from approvals where message = '0xTHEIRS');
update notes set text = '0xTHEIRS' where execution_id in (select id from executions where namespace = 'mine.n1');
update metrics set name = '0xTHEIRS' where execution_id in (select id from executions where namespace = 'mine.n1');
update logs set text = '0xTHEIRS' where execution_id in (select id from executions where namespace = 'mine.n1');
update events set actor = 'user:0xTHEIRS', reason = '0xTHEIRS'
  where execution_id in (select id from executions where namespace = 'mine.n1');
update artifacts set name = '0xTHEIRS', uri = 'https://0xTHEIRS', properties = '{"p": "0xTHEIRS"}' where namespace = 'mine.n1';
update artifact_uses set uri = 'https://0xTHEIRS', properties = '{"p": "0xTHEIRS"}'
  where execution_id in (select id from executions where namespace = 'mine.n1');
update flows set description = '0xTHEIRS', labels = '{"a": "0xTHEIRS"}' where namespace = 'mine.n1';
update revisions set created_by = 'user:0xTHEIRS' where flow_id in (select id from flows where namespace = 'mine.n1');
update schedules set last_error = '0xTHEIRS', updated_by = 'user:0xTHEIRS', inputs = '{"i": "0xTHEIRS"}'
  where flow_id in (select id from flows where namespace = 'mine.n1');
update audit_log set actor = 'user:0xTHEIRS', reason = '0xTHEIRS', target = '0xTHEIRS', target_name = '0xTHEIRS',
  data = '{"d": "0xTHEIRS"}', namespace = 'mine.n1'
  where execution_id in (select id from executions where namespace = 'mine.n1');
update audit_log set namespace = 'mine.n0' where execution_id in (select id from executions where namespace = 'mine.n0');
update secrets set name = '0xTHEIRS', updated_by = 'user:0xTHEIRS' where namespace = 'mine.n1';
update bulk_items set name = '0xTHEIRS', message = '0xTHEIRS' where namespace = 'mine.n1';
