"""The specification of executions, sentence by sentence, each with its tests.

A test is named by its file and the beginning of its name; `tests/semantics/test_table.py` checks that each is there and
that none is missing. A test in another folder has its path before the name.

# States
CREATED is accepted and not started yet: states.created_is
WAITING_FOR_APPROVAL: only a person can advance it: states.waiting_for_approval_only, states.a_retry_that_waits
ERROR: Headway, not a task, could not continue: states.an_expression_that, attempts.a_lease_that
SKIPPED (disabled or `when` false) counts as success: states.skipped_counts, states.run_if
WARNING: ended with a failure that was allowed: states.a_failure_that_is_allowed
RUNNING of the engine is without a lease: states.engine_tasks
A job whose task run is in another state is dropped: attempts.a_job
An execution ends in the first that applies: states.an_execution_ends
Setting the current state is no event: states.setting_the_state
Every change is an event with seq, time, actor, channel, reason and cause: states.every_change
Folding the events gives the row back: models/lifecycle/test_random_orders.in_random_orders
An event's seq shows the past: api/test_record.every_moment
progress: states.progress_is, states.progress_falls
expectedSeq: states.an_action_on_a_state

# Failure actions
A failed attempt is retried first: failure_actions.a_failed_attempt
FINISH_RUNNING: api/test_actions.finish_running
FINISH_POSSIBLE: api/test_actions.finish_possible
CANCEL_ALL: api/test_actions.cancel_all_kills
ERROR and REJECTED have the same effects: failure_actions.error_and_rejected
Both events are recorded even when no task was left: failure_actions.both_events
A failure while PAUSED takes effect at resume, except CANCEL_ALL: failure_actions.a_failure_while, failure_actions.under
`run_if` and `errors` run after a failure, not on a kill: failure_actions.run_if_failed_and_always_and_errors_still,
  failure_actions.run_if_failed_and_always_and_errors_do_not
`finally` always runs last: failure_actions.errors_are_skipped
On a kill it runs while KILLING, capped: failure_actions.on_a_kill_finally_runs, failure_actions.on_a_kill_finally_is,
  failure_actions.a_task_of_finally
A second cancel skips it: failure_actions.a_second
Task runs of a cancelled subflow or foreach are CANCELLED too: failure_actions.task_runs

# Actions
Each action is allowed in its states: actions.each_action_is, actions.every_action
A refusal changes nothing: actions.a_refusal
Each takes a reason: actions.each_action_takes

cancel: tasks without a worker end in the same transaction: cancel.tasks_without
Timers and approval requests are cancelled: cancel.timers_and, cancel.timers_that
Children of subflows are cancelled: cancel.children
SIGTERM, then SIGKILL to the whole group: cancel.sigterm, api/test_actions.cancel_ends_a_task
After the grace and 2 heartbeats it is fenced: cancel.killing_ends
A second cancel skips the grace: cancel.force, api/test_actions.cancel_ends_a_task
A result after the fence is refused and recorded: cancel.a_result
Not ended: cancel.an_ended_one

pause: running tasks continue, nothing new starts: pause.running_tasks, pause.a_wait, api/test_actions.pause_starts
Approval clocks run on and votes are recorded: pause.votes, pause.approval_clocks
resume: conditions are evaluated again: pause.pausing_while_failed, pause.pausing_while_waiting, pause.resume_ends
Allowed in: pause.only_paused

retryFailed: new attempts, CANCELLED tasks run, the rest stays: retry_failed.failed_ones, retry_failed.an_errored
FAILED_FINISHING, or PAUSED with a failure: retry_failed.paused_and, retry_failed.paused_without, retry_failed.once
Does not use up the automatic retries: retry_failed.retry_failed
Planned: retry_failed.a_plan

restart: the same execution, through RESTARTED: restart.a_failed, restart.successful_tasks
`errors` and `finally` run again: restart.errors
Rejected approvals are requested again: restart.a_rejected
Its duration excludes the time before it: restart.the_time, restart.the_duration, idle_upgrade.the_upgrade
Refused if there is nothing to restart: restart.a_restart
Planned: restart.a_plan

replay: linked, labelled, from the start: replay.from_the_start
From a task, by reference: replay.from_a_task, replay.outputs_are, replay.a_replay_without
Reused outputs do not change: replay.reused_outputs, replay.outputs_changed
Revision and inputs: replay.its_revision, replay.its_inputs
Ended: replay.only
Labels, and the correlation: replay.the_latest, replay.the_correlation
Of a test, and of a disabled flow: replay.test_runs_are, replay.a_replayed, replay.test_runs_in, replay.a_disabled
Planned: replay.a_plan

prepareExecution: enabled and disabled: prepare.successful
Nothing started: prepare.nothing
Tasks new since then: prepare.new_tasks
Prefilled: prepare.inputs
createExecution(draft): prepare.created
Ended: prepare.only
Of a test: prepare.a_test

forceRun: force_run.a_created, force_run.a_queued, force_run.a_paused, force_run.a_retrying
First in line: force_run.a_forced
Never a second RUNNING attempt: force_run.one_task
Refused: force_run.running

changeState: change_state.an_ended_one, change_state.no_other, change_state.a_reason, change_state.running_executions
changeTaskRunState: change_state.in_an, change_state.ended_task, change_state.a_task_run,
  change_state.a_failed_finishing, change_state.while_killing
setLabels: change_state.labels, change_state.other_keys, change_state.a_correlation
addNote, archive, delete: api/test_record.a_note, api/test_record.archived_ones, api/test_record.deleting_removes

# Attempts, retries, timeouts, lost workers
Numbered, never rewritten: attempts.attempts_are, attempts.an_attempt_is
An exit code by a signal is negative: attempts.the_exit
An attempt starts clean: clean_attempts.every_kind, clean_attempts.a_retry, clean_attempts.a_failure,
  clean_attempts.killed_attempts, clean_attempts.a_manual, clean_attempts.a_use
retry: attempts.backoff, attempts.only_the_ends
RETRYING with retryAt: attempts.the_next
A task's timeout: timeouts.a_tasks
The execution's timeout: timeouts.an_executions, timeouts.after_a_timeout
PAUSED and WAITING_FOR_APPROVAL count for neither: timeouts.time_that_is_paused_does_not_count_against_a_tasks,
  timeouts.time_that_is_paused_does_not_count_against_engine, timeouts.time_that_is_paused_or
Requeued tasks: timeouts.requeued_tasks
LOST, and on_worker_lost: attempts.a_lease, api/test_faults.a_worker_killed
Everything an attempt writes carries its lease: api/test_frozen_worker.a_worker_frozen
Drains and a full disk do not count towards max_lost: attempts.max_lost, runner/test_worker.five_drains
An outage that the rescuer noticed: api/test_faults.a_killed
A worker that is stopped: attempts.a_drained, api/test_faults.a_stopped

# Concurrency
QUEUE, priority, position: concurrency.queue, concurrency.a_greater
CANCEL_NEW, CANCEL_RUNNING, FAIL: concurrency.cancel_new, concurrency.cancel_running, concurrency.fail_fails
Which states hold a slot: concurrency.each_state, concurrency.no_other
Freeing a slot starts the next: concurrency.freeing, concurrency.many_concurrent
The latest revision governs: concurrency.the_flows
A restart without a free slot is QUEUED: restart.without
A child of the same flow shares: concurrency.a_child_of_the, concurrency.a_child_of_a,
  concurrency.a_child_that, concurrency.a_restarted_child

# Parents and children
A parent never ends before its child: parents_and_children.finally_waits_for_the_child_of,
  parents_and_children.finally_waits_for_the_child_when, parents_and_children.the_next, parents_and_children.errors,
  parents_and_children.a_newcomer
A child ended by a person is never started again: parents_and_children.a_rejected
Clocks: parents_and_children.the_time, parents_and_children.a_parent
pause and resume cascade: parents_and_children.pause, parents_and_children.without
A restart resumes its child or starts a new one: parents_and_children.a_restart_waits,
  parents_and_children.a_restart_with, parents_and_children.a_new_child

# Approvals
The policy is copied: approvals.the_policy
required, users, roles, groups: approvals.required, approvals.users, approvals.all_groups
allow_self: approvals.the_starter, approvals.a_person_who_restarted_or, approvals.the_requester, approvers.the_author,
  approvals.a_person_who_restarted_a
comment, form: approvals.a_comment, approvals.a_form
timeout: approvals.an_undecided, approvals.on_timeout, approvals.past_its_time
remind_every, escalate: approvals.remind, approvals.escalate
on_reject: approvals.on_reject, approvals.one_rejection
A vote: approvals.a_vote_after, approvals.a_vote_is
A new attempt makes a new request: approvals.a_new
Override: approvers.an_override, approvers.an_admin
An approval cannot be bypassed: bypassing_approvals.tasks_after, bypassing_approvals.every_mutation,
  reused_decisions.undecided_requests, reused_decisions.the_condition, reused_decisions.forbidden_changes
With the permission and a reason, marked: reused_decisions.an_override_with, reused_decisions.the_state,
  reused_decisions.an_override_is
A decision on the same data is reused: reused_decisions.on_the_same, reused_decisions.a_restart,
  reused_decisions.the_decisions, reused_decisions.a_foreach
How it is shown, and to whom: approvers.the_message, approvers.the_inbox, approvers.the_reason,
  approvers.actions_without
Refusals: approvers.a_refusal

# Values and events
Values that no table can store: events.the_message, events.outputs, events.a_wait, events.an_execution_is_not
Events: events.an_event_that, events.an_event_with, events.an_event_to, events.early, events.one_event
Results of a foreach are kept by reference: foreach_results.results_exist, foreach_results.results_are,
  foreach_results.a_cached, foreach_results.iterations

# waitingFor
waiting_for.a_pending, waiting_for.no_live, waiting_for.a_retry, waiting_for.not_before, waiting_for.an_approval,
  waiting_for.paused, waiting_for.killing, waiting_for.the_end, waiting_for.the_turn, waiting_for.ended_executions
A slot: concurrency.queue

# Caching
A hit: caching.a_hit, caching.a_failure
The key: caching.a_flows, caching.a_tasks, caching.a_key, caching.another
ttl, noCache: caching.after, caching.no_cache
Disabling a foreach reuses its iterations: prepare.disabling
Deleting a source copies the outputs first: replay.deleting, caching.deleting

# foreach and subflow
foreach.its_tasks, foreach.at_most, foreach.an_iteration, foreach.without, foreach.foreach_of
foreach.a_subflow_gets, foreach.a_subflow_mirrors, foreach.a_subflow_that_does, foreach.a_subflow_that_cannot
"""
