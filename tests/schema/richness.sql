-- Of one execution that failed (:id), one before it (:old), one that succeeded afterwards (:new), and one reported from
-- elsewhere (:recorded); of the :number-th flow.
update executions set state = 'SUCCESS', started_at = now(), ended_at = now() where id = any(array[:old, :new]::uuid[]);
update task_runs set state = 'SUCCESS', started_at = now(), ended_at = now() where execution_id = any(array[:old, :new]::uuid[]);
update executions set state = 'FAILED', started_at = now(), ended_at = now(), failure = '{"path": "a", "attempt": 1, "code": "X", "message": "broken"}', rerun_of = :old,
       replay_of = :old, original_id = :old, cached_from = :old, parent_id = :old, parent_path = 'sub' where id = :id;
update task_runs set state = 'FAILED', started_at = now(), error = '{"code": "X", "message": "broken"}',
       child_id = :new where execution_id = :id and path = 'a';
update task_runs set state = 'CANCELLED' where execution_id = :id and path = 'sub';
update task_runs set state = 'RUNNING', outputs_from = (select id from task_runs where execution_id = :old and path = 'ask')
       where execution_id = :id and path = 'ask';
update executions set state = 'SUCCESS', rerun_of = :id, parent_id = :id, parent_path = 'a', original_id = :id where id = :new;
insert into attempts (id, execution_id, task_run_id, number, state, worker, started_at, error, resources)
       select gen_random_uuid(), execution_id, id, 1, 'FAILED', 'worker:w', now(), '{"code": "X", "message": "broken"}',
         '{"maxRssBytes": 1}' from task_runs where execution_id = :id;
insert into approvals (id, execution_id, task_run_id, attempt, state, message, required, users, policy, requested_at)
       select :approval, execution_id, id, 1, 'PENDING', 'sure', 2, '["ada", "eve"]', '{"groups": [{"name": "g", "users": ["ada", "eve"], "roles": [], "required": 2}]}', now()
       from task_runs where execution_id = :id and path = 'ask';
insert into votes (id, approval_id, actor, decision, groups, at)
       values (gen_random_uuid(), :approval, 'user:eve', 'APPROVE', '["g"]', now());
insert into notes (id, execution_id, seq, author, text, at) values (gen_random_uuid(), :id, 1, 'user:ada', 'x', now());
insert into metrics (execution_id, id, task_run_id, path, attempt, name, value, kind, at)
       select execution_id, gen_random_uuid(), id, 'a', 1, 'loss', 1, 'gauge', now()
       from task_runs where execution_id = :id and path = 'a';
insert into artifacts (id, namespace, name, version, type, uri, created_at)
       values (:artifact, 'mine.n:number', 'model', '1', 'file', 'https://files.example/:number', now());
insert into artifact_uses (id, artifact_id, execution_id, task_run_id, path, attempt, direction, uri, created_at)
       select gen_random_uuid(), :artifact, execution_id, id, 'a', case path when 'a' then 1 end, 'OUT', 'https://files.example/1', now()
       from task_runs where execution_id = :id and path in ('a', 'ask');
insert into audit_log (id, at, actor, channel, action, namespace, execution_id, seq, target)
       values (gen_random_uuid(), now(), 'user:ada', 'API', 'CREATE', 'mine', :id, 1, 'x');
insert into logs (execution_id, line, at, level, stream, text) values (:id, 1, now(), 40, 1, 'x');
insert into log_heads (execution_id, lines) values (:id, 1);
update schedules set last_execution_id = :id where flow_id = (select flow_id from executions where id = :id);
insert into workers (id, name, host, pid, queues, concurrency)
       values (gen_random_uuid(), 'w:number', 'h', 1, '[]', 1);
insert into secrets (namespace, name, key_id, value, updated_by) values ('mine.n:number', 's', 'k', 'v', 'user:ada');
insert into saved_filters (id, name, owner, shared, search) values (gen_random_uuid(), 'n:number', 'user:ada', true, 'x');
update executions set flow_id = null, flow_key = 'elsewhere:number' where id = :recorded;
insert into bulk_sets (id, action, instruction, source, total, actor, expires_at, mode, state, channel, started_at)
values (:artifact, 'CANCEL', '{}', '{}', 1, 'user:ada', now(), 'EACH', 'DONE', 'API', now());
insert into bulk_items (bulk_id, position, execution_id, name, namespace, state_seq, outcome, at, made)
values (:artifact, 1, :id, 'x', 'mine.n:number', 1, 'DONE', now(), :new);
update executions set state = 'RUNNING', started_at = now() where id = :recorded;
update task_runs set state = 'WAITING_FOR_APPROVAL', attempt = 1 where execution_id = :recorded and path = 'ask';
insert into approvals (id, execution_id, task_run_id, attempt, state, message, required, users, policy, requested_at)
select gen_random_uuid(), execution_id, id, 1, 'PENDING', 'sure', 1, '["ada"]',
  '{"groups": [{"name": "g", "users": ["ada"], "roles": [], "required": 1}]}', now()
from task_runs where execution_id = :recorded and path = 'ask';
update executions set labels = '{"a": "b"}', git = '{"branch": "x"}' where id = :id;
update flows set labels = '{"a": "b"}' where key = 'f:number';
update schedules set labels = '{"a": "b"}' where last_execution_id = :id;
insert into principals (id, kind, name, owner_id, email, created_by, disabled_at)
       select gen_random_uuid(), 'SERVICE', 'svc-:number', id, 'a@b.example', 'user:ada', now() from principals where name = 'ada';
insert into group_members (id, group_name, principal_id)
       select gen_random_uuid(), 'g:number', id from principals where name = 'svc-:number';
insert into role_grants (id, group_name, role, namespace, created_by)
       values (gen_random_uuid(), 'g:number', 'viewer', 'mine.n:number', 'user:ada');
insert into tokens (id, principal_id, name, digest, permissions, namespaces, created_by, expires_at)
       select gen_random_uuid(), id, name, name, '["LIST_FLOWS"]', '["mine"]', 'user:ada', now() from principals where name = 'svc-:number';
