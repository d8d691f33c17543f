"""Why some columns that can hold words are not sealed. A new one is sealed or explained here."""

HASH = "a hash, or a digest under a key"
STAFF = "about people who work here, not about anybody in a case"
CODE = "one of a fixed list of codes of the program, the profile or a drawing"
ELEMENT = "an id, a name or a rule of a drawing: the same for all cases"
IDS = "ids and codes only"
PLAN_DAY = "says when something is planned, not what; timers and lists ask for it"
PROGRAM = "words of the program itself"
RANDOM = "random"

_BY_REASON = {
    HASH: (
        "audit_checkpoint.digest audit_checkpoint.previous_hash audit_checkpoint.hash "
        "audit_head.hash audit_seal.hash audit_entry.previous_hash audit_entry.hash "
        "casework_case.audit_head casework_case.deployment_id failed_attempt.key "
        "recovery_code.code_hash signal.receipt_hash person_mark.mark web_session.token_hash "
        "identity_query.query_hash report_attachment.sha256 spent_challenge.fingerprint "
        "provider_session.mark spent_logout.mark "
        "provider_flow.token_hash form_submission.idempotency_key "
        "deployment.id current_deployment.deployment_id "
        "process_instance.deployment_id deployment_file.hash "
        "workshop_draft.base_deployment_id workshop_file.hash workshop_change.before "
        "workshop_change.after workshop_judgement.deployment_id workshop_judgement.before_id "
        "workshop_publication.deployment_id workshop_publication.before_id "
        "migration_run.from_id migration_run.to_id instance_move.from_id instance_move.to_id "
        "instance_move.after_hash"
    ),
    STAFF: (
        "organisation.code organisation.name organisation.discipline organisation.contact "
        "account.username account.display_name account.email account.password_hash "
        "account.language account_role.role web_session.device deployment.note "
        "absence.first_day absence.last_day absence.note provider_link.issuer "
        "provider_link.subject security_key.name account_event.device account_event.kind"
    ),
    "sealed under a key of its own": "totp_factor.secret web_session.pending_secret",
    "wrapped under a master key": "case_key.wrapped",
    "public: the browser and the security key tell it to whoever asks": (
        "security_key.credential_id security_key.public_key"
    ),
    CODE: (
        "emergency_access.category emergency_review.finding emergency_review.part "
        "disclosure.relation disclosure.identity_means disclosure.outcome "
        "release_decision.record_kind release_decision.outcome release_decision.ground "
        "legal_hold.ground legal_hold.asked_part legal_hold.agreed_part "
        "legal_hold.lift_asked_part legal_hold.lifted_part "
        "identity_query.purpose report_attachment.media_type spent_challenge.kind "
        "failed_attempt.kind web_session.stage person_mark.kind "
        "casework_case.kind casework_case.state casework_case.file casework_case.roles "
        "casework_case.steward restoration.owed restoration.since "
        "deployment.profile current_deployment.profile audit_entry.event case_link.kind "
        "case_standing.function case_standing.state case_standing.reason case_standing.ended_as "
        "case_member.function case_partner.state case_partner.sharing_level signal.channel "
        "process_instance.status episode.status episode.stage episode.outcome inbox_message.name "
        "inbox_message.state incident.owner_role incident.state job.kind job.state "
        "step_history.kind step_history.state timer.state work_item.role work_item.escalate_to "
        "work_item.state assessment.kind check_in.kind check_in.outcome check_in.still_necessary "
        "contribution.level decision.kind decision.outcome decision.proposed document.media_type "
        "information_gap.state note.kind notice.template opinion.choice plan_version.state "
        "plan_version.check_in_interval action.goal_code action.kind action.acceptance "
        "action.progress contribution_share.level goal.code sharing_request.outcome "
        "file_printing.outcome workshop_draft.profile workshop_draft.state "
        "workshop_judgement.profile workshop_judgement.state workshop_publication.profile "
        "workshop_publication.outcome "
        "erasure_round.ground erasure_round.outcome erasure_round.answer "
        "migration_run.state migration_outcome.state"
    ),
    ELEMENT: (
        "deployment_file.content deployment.manifest process_instance.process_id "
        "process_instance.awaited process_instance.active incident.element_id "
        "step_history.process_id step_history.element_id step_history.name timer.process_id "
        "timer.element_id timer.rule work_item.process_id work_item.element_id work_item.name "
        "work_item.form_id assessment.element_id check_in.element_id closing_dossier.element_id "
        "contribution.element_id decision.element_id document.element_id "
        "form_submission.element_id form_submission.form_id information_gap.element_id "
        "note.element_id opinion.element_id plan_version.element_id "
        "workshop_draft.title workshop_draft.begun_with workshop_file.path workshop_change.path "
        "workshop_version.name workshop_version.note workshop_version.manifest "
        "workshop_judgement.manifest workshop_judgement.results workshop_publication.note "
        "workshop_publication.reason migration_run.places migration_run.plan "
        "migration_run.result migration_outcome.places migration_outcome.sentence"
    ),
    "invented by a process owner who tries out a draft, in no case": (
        "workshop_play.typed workshop_act.step scenario_result.path scenario_result.set_hash "
        "scenario_result.problems scenario_result.gone scenario_result.state"
    ),
    IDS: (
        "audit_entry.subject audit_entry.detail inbox_message.key incident.key job.key "
        "job.payload incident.stimulus closing_dossier.organisations notice.message_id "
        "process_instance.timers work_item.deputies"
    ),
    "process variables: codes, dates, numbers, yes or no": (
        "process_instance.blob work_item.variables step_history.told instance_move.before"
    ),
    "texts of our own errors, which carry ids": (
        "incident.message incident.said job.last_error migration_run.problem"
    ),
    PLAN_DAY: (
        "casework_case.erase_after check_in.planned_for information_gap.due "
        "plan_version.first_check_in action.starts action.due goal.due "
        "contribution_share.expires_on identity_query.day sharing_request.expires_on "
        "legal_hold.review_on disclosure.received_on disclosure.due_on"
    ),
    PROGRAM: "case_member.reason provider_flow.target",
    RANDOM: (
        "casework_case.code disclosure.code step_history.token timer.token work_item.token "
        "web_session.csrf "
        "web_session.challenge provider_flow.state provider_flow.nonce provider_flow.verifier"
    ),
}
PLAIN = {column: reason for reason, columns in _BY_REASON.items() for column in columns.split()}
