"""Each mistake, planted into a good deployment, is found: file, element, code and mend."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from engine.check import CheckContext, Finding, check_deployment

Files = dict[str, bytes]
Mutation = Callable[[Files], None]

MAIN, SUB = "handle_signal.bpmn", "analyse_case.bpmn"
OTHER_WAY = 'name="unfounded" sourceRef="choose_route" targetRef="'
TWIN = 'sourceRef="split_work" targetRef="hold_talk"'
TABLE = "decisions/propose_route.dmn"


def change(path: str, *pairs: tuple[str, str]) -> Mutation:
    """Replace the first place where each old text stands; it must stand there."""

    def apply(files: Files) -> None:
        text = files[path].decode()
        for old, new in pairs:
            assert old in text, f"{path} has no {old!r}"
            text = text.replace(old, new, 1)
        files[path] = text.encode()

    return apply


def change_all(path: str, old: str, new: str) -> Mutation:
    """Replace a text everywhere."""

    def apply(files: Files) -> None:
        assert old.encode() in files[path]
        files[path] = files[path].replace(old.encode(), new.encode())

    return apply


def put(path: str, content: bytes) -> Mutation:
    def apply(files: Files) -> None:
        files[path] = content

    return apply


def without(path: str) -> Mutation:
    def apply(files: Files) -> None:
        del files[path]

    return apply


def copied(path: str, new: str) -> Mutation:
    def apply(files: Files) -> None:
        files[new] = files[path]

    return apply


def inserted(path: str, before: str, new: str) -> Mutation:
    return change(path, (before, new + before))


def cut(path: str, start: str, end: str) -> Mutation:
    """Remove from the text `start` to the end of the text `end` after it."""

    def apply(files: Files) -> None:
        text = files[path].decode()
        first = text.index(start)
        last = text.index(end, first) + len(end)
        files[path] = (text[:first] + text[last:]).encode()

    return apply


def both(*mutations: Mutation) -> Mutation:
    def apply(files: Files) -> None:
        for mutation in mutations:
            mutation(files)

    return apply


@dataclass(frozen=True)
class Case:
    name: str
    mutation: Mutation
    file: str
    element: str
    code: str
    mend: str
    severity: str = "error"


def planted(
    name: str, mutation: Mutation, place: str, code: str, mend: str, severity: str = "error"
) -> Case:
    file, _, element = place.partition(":")
    return Case(name, mutation, file, element, code, mend, severity)


def setting(name: str, value: str) -> str:
    return f'<spiffworkflow:property name="{name}" value="{value}" />'


def extra(kind: str, identifier: str, inner: str = "", attributes: str = "") -> str:
    """Return an element that stands beside everything else."""
    return f'<bpmn:{kind} id="{identifier}" {attributes}>{inner}</bpmn:{kind}>'


SETTLED = '<bpmn:messageEventDefinition id="settled_definition" messageRef="message_settled" />'
HOLD_TALK = (
    '<spiffworkflow:properties>\n          <spiffworkflow:property name="formRef" value="hold_talk"'
)
FIRST_FLOW = '<bpmn:sequenceFlow id="to_check"'
SUB_FLOW = '<bpmn:sequenceFlow id="to_reset"'
TIMER = '<bpmn:timeDuration xsi:type="bpmn:tFormalExpression">P3M</bpmn:timeDuration>'
CONDITION = 'route = "unfounded"</bpmn:conditionExpression>'
REPEAT = "talk_needed = true and rounds &lt; 3"
UNFOUNDED = '<bpmn:sequenceFlow id="to_unfounded"'
SPLIT = '<bpmn:parallelGateway id="split_work"'
JOIN = '<bpmn:parallelGateway id="join_work"'

UNSUPPORTED = [
    planted(
        "complex gateway",
        inserted(MAIN, FIRST_FLOW, extra("complexGateway", "odd")),
        f"{MAIN}:odd",
        "unsupported_element",
        "use exclusive and parallel gateways",
    ),
    planted(
        "ad-hoc sub-process",
        inserted(MAIN, FIRST_FLOW, extra("adHocSubProcess", "odd")),
        f"{MAIN}:odd",
        "unsupported_element",
        "draw the steps with gateways",
    ),
    planted(
        "transaction",
        inserted(MAIN, FIRST_FLOW, extra("transaction", "odd")),
        f"{MAIN}:odd",
        "unsupported_element",
        "use a plain sub-process",
    ),
    planted(
        "task without a type",
        change_all(MAIN, "bpmn:businessRuleTask", "bpmn:task"),
        f"{MAIN}:propose_route",
        "unsupported_element",
        "choose what it is",
    ),
    planted(
        "event sub-process",
        inserted(MAIN, FIRST_FLOW, extra("subProcess", "odd", "", 'triggeredByEvent="true"')),
        f"{MAIN}:odd",
        "event_sub_process",
        "use a boundary event on the call activity",
    ),
    planted(
        "link event",
        change(
            MAIN,
            (TIMER, ""),
            ("timerEventDefinition", "linkEventDefinition"),
            ("</bpmn:timerEventDefinition", "</bpmn:linkEventDefinition"),
        ),
        f"{MAIN}:check_in_due",
        "unsupported_event",
        "draw the flow",
    ),
    planted(
        "compensation end",
        change(
            MAIN,
            ("<bpmn:incoming>to_finished</bpmn:incoming>", "<bpmn:compensateEventDefinition/>"),
        ),
        f"{MAIN}:finished",
        "unsupported_event",
        "draw the steps that put things right",
    ),
    planted(
        "compensation step",
        change(
            MAIN,
            (
                '<bpmn:userTask id="read_news"',
                '<bpmn:userTask isForCompensation="true" id="read_news"',
            ),
        ),
        f"{MAIN}:read_news",
        "compensation",
        "draw it as a normal step",
    ),
    planted(
        "conditional boundary event",
        change(
            MAIN,
            (
                (
                    '<bpmn:messageEventDefinition id="news_arrived_definition"'
                    ' messageRef="message_news" />'
                ),
                (
                    "<bpmn:conditionalEventDefinition id='c'><bpmn:condition>a</bpmn:condition>"
                    "</bpmn:conditionalEventDefinition>"
                ),
            ),
        ),
        f"{MAIN}:news_arrived",
        "unsupported_event",
        "use a message event",
    ),
    planted(
        "cycle timer",
        change(MAIN, (TIMER, "<bpmn:timeCycle>R4/P3M</bpmn:timeCycle>")),
        f"{MAIN}:check_in_due",
        "time_cycle",
        "draw a loop with a timer event",
    ),
    planted(
        "data object",
        inserted(MAIN, FIRST_FLOW, extra("dataObject", "file_data")),
        f"{MAIN}:file_data",
        "data_object",
        "keep the data in the case file",
    ),
    planted(
        "pre-script",
        change(
            SUB,
            (HOLD_TALK, f"<spiffworkflow:preScript>x = 1</spiffworkflow:preScript>{HOLD_TALK}"),
        ),
        f"{SUB}:hold_talk",
        "refused_extension",
        "use a script task before",
    ),
]

FORMS = [
    planted(
        "user task without form",
        change(MAIN, (setting("formRef", "read_news"), "")),
        f"{MAIN}:read_news",
        "no_form",
        "set formRef",
    ),
    planted(
        "form that does not exist",
        change(MAIN, (setting("formRef", "read_news"), setting("formRef", "read_new"))),
        f"{MAIN}:read_news",
        "unknown_form",
        "did you mean read_news?",
    ),
    planted(
        "form file removed",
        without("forms/decide_route.form"),
        f"{MAIN}:decide_route",
        "unknown_form",
        "add forms/decide_route.form",
    ),
    planted(
        "form file broken",
        put("forms/read_news.form", b'{"type": "default"'),
        "forms/read_news.form:file",
        "form_broken",
        "export the form again",
    ),
    planted(
        "field without class",
        change("forms/read_news.form", ('"class": "case"', '"help": "more"')),
        "forms/read_news.form:news",
        "form_no_class",
        "set property `class`",
    ),
    planted(
        "field with the key typename",
        change("forms/read_news.form", ('"key": "news"', '"key": "typename"')),
        "forms/read_news.form:typename",
        "form_reserved_key",
        "choose another one",
    ),
    planted(
        "free text into the process",
        change("forms/read_news.form", ('"class": "case"', '"class": "process"')),
        "forms/read_news.form:news",
        "form_process_text",
        "set class to case",
    ),
    planted(
        "one key with two types",
        change("forms/decide_route.form", ('"key": "route"', '"key": "talk_needed"')),
        "forms/hold_talk.form:talk_needed",
        "field_type_differs",
        "use one type, or another key",
    ),
    planted(
        "form called otherwise than its file",
        change("forms/read_news.form", ('"id": "read_news"', '"id": "news"')),
        "forms/read_news.form:file",
        "form_id",
        "give both the same name",
    ),
    planted(
        "form that nobody uses",
        copied("forms/read_news.form", "forms/forgotten.form"),
        "forms/forgotten.form:file",
        "unused_form",
        "or remove it",
        "warning",
    ),
    planted(
        "recorder that does not exist",
        change(MAIN, ("source/record_check", "source/record_chek")),
        f"{MAIN}:check_source",
        "unknown_recorder",
        "did you mean source/record_check",
    ),
    planted(
        "answers that nobody writes to the case file",
        change(
            MAIN,
            ('<spiffworkflow:property name="recordWith" value="source/record_check" />', ""),
        ),
        f"{MAIN}:check_source",
        "unrecorded",
        "name in recordWith",
        "warning",
    ),
    planted(
        "answer that is needed may be left out",
        change("forms/check_source.form", ('"required": true', '"required": false')),
        f"{MAIN}:check_source",
        "field_optional",
        "make the field required",
    ),
    planted(
        "operator used as recorder",
        change(MAIN, ("source/record_check", "case/open_file")),
        f"{MAIN}:check_source",
        "not_a_recorder",
        "name an operator that records a form",
    ),
    planted(
        "recorder needs a field that the form lacks",
        change("forms/check_source.form", ('"key": "reliable"', '"key": "trusted"')),
        f"{MAIN}:check_source",
        "field_not_in_form",
        "add a field with the key reliable",
    ),
]

OPERATORS = [
    planted(
        "service task without operator",
        cut(MAIN, "<spiffworkflow:serviceTaskOperator", "</spiffworkflow:serviceTaskOperator>"),
        f"{MAIN}:open_file",
        "no_operator",
        "choose an operator",
    ),
    planted(
        "operator that does not exist",
        change(MAIN, ('id="case/open_file"', 'id="case/open_fil"')),
        f"{MAIN}:open_file",
        "unknown_operator",
        "did you mean case/open_file",
    ),
    planted(
        "recorder used as operator",
        change(MAIN, ('id="case/open_file"', 'id="source/record_check"')),
        f"{MAIN}:open_file",
        "recorder_as_operator",
        "name it in recordWith",
    ),
    planted(
        "parameter missing",
        cut(MAIN, '<spiffworkflow:parameter id="case_type"', "/>"),
        f"{MAIN}:open_file",
        "missing_parameter",
        "add it with an expression",
    ),
    planted(
        "parameter misspelt",
        change(MAIN, ('parameter id="case_type"', 'parameter id="case_typ"')),
        f"{MAIN}:open_file",
        "unknown_parameter",
        "did you mean case_type",
    ),
    planted(
        "parameter of another type",
        change(MAIN, ('id="case_type" type="str"', 'id="case_type" type="int"')),
        f"{MAIN}:open_file",
        "parameter_type",
        "mark it as str",
        "warning",
    ),
    planted(
        "parameter without expression",
        change(MAIN, ('value="&#34;signal&#34;"', 'value=""')),
        f"{MAIN}:open_file",
        "empty_parameter",
        "write one, or remove the parameter",
    ),
    planted(
        "parameter with a broken expression",
        change(MAIN, ('value="&#34;signal&#34;"', 'value="(1 +"')),
        f"{MAIN}:open_file",
        "bad_expression",
        "parameter case_type",
    ),
]

DECISIONS = [
    planted(
        "decision task without table",
        cut(MAIN, "<spiffworkflow:calledDecisionId>", "</spiffworkflow:calledDecisionId>"),
        f"{MAIN}:propose_route",
        "no_decision",
        "name one",
    ),
    planted(
        "table that does not exist",
        change(MAIN, ("calledDecisionId>propose_route", "calledDecisionId>propose_way")),
        f"{MAIN}:propose_route",
        "unknown_decision",
        "add decisions/propose_way.dmn",
    ),
    planted(
        "table broken",
        change(
            TABLE,
            ("<decisionTable", "<literalExpression"),
            ("</decisionTable", "</literalExpression"),
        ),
        f"{TABLE}:file",
        "table_broken",
        "table",
    ),
    planted(
        "table with overlapping rows",
        change(TABLE, ("<text>false</text>", "<text>true,false</text>")),
        f"{TABLE}:rule_reliable",
        "table",
        "ow",
    ),
    planted(
        "table with a gap",
        cut(TABLE, '<rule id="rule_unreliable">', "</rule>"),
        f"{TABLE}:propose_route",
        "table",
        "add",
    ),
    planted(
        "cell that is not FEEL",
        change(TABLE, ("<text>false</text>", "<text>== False</text>")),
        f"{TABLE}:rule_unreliable",
        "table",
        "Row 2",
    ),
    planted(
        "table called otherwise than its file",
        change(TABLE, ('<decision id="propose_route"', '<decision id="propose"')),
        f"{TABLE}:propose",
        "decision_id",
        "give both the same name",
    ),
    planted(
        "table that reads an unknown variable",
        change(TABLE, ("<text>reliable</text>", "<text>reliabel</text>")),
        f"{TABLE}:propose_route",
        "unknown_variable",
        "correct the name",
        "warning",
    ),
    planted(
        "table that nobody uses",
        both(
            copied(TABLE, "decisions/forgotten.dmn"),
            change(
                "decisions/forgotten.dmn",
                ('<decision id="propose_route"', '<decision id="forgotten"'),
            ),
        ),
        "decisions/forgotten.dmn:forgotten",
        "unused_decision",
        "or remove it",
        "warning",
    ),
]

IDS = [
    planted(
        "id with a space",
        change_all(MAIN, '"read_news"', '"read news"'),
        f"{MAIN}:read news",
        "bad_id",
        "rename it",
    ),
    planted(
        "id with a quote",
        change_all(MAIN, 'id="settled"', 'id="set\'tled"'),
        f"{MAIN}:set'tled",
        "bad_id",
        "rename it",
    ),
    planted(
        "reserved id Start",
        change_all(MAIN, '"signal_received"', '"Start"'),
        f"{MAIN}:Start",
        "reserved_id",
        "rename it",
    ),
    planted(
        "reserved id of the end",
        change_all(MAIN, '"finished"', '"handle_signal.EndJoin"'),
        f"{MAIN}:handle_signal.EndJoin",
        "reserved_id",
        "rename it",
    ),
    planted(
        "one id twice in a file",
        change(MAIN, ('id="news_read"', 'id="stopped"')),
        f"{MAIN}:stopped",
        "duplicate_id",
        "give each its own id",
    ),
    planted(
        "one step id in two files",
        change_all(SUB, "hold_talk", "read_news"),
        f"{MAIN}:read_news",
        "id_in_two_files",
        "rename one of them",
    ),
    planted(
        "id made by a tool",
        change_all(MAIN, '"read_news"', '"Activity_0x1y2z3"'),
        f"{MAIN}:Activity_0x1y2z3",
        "generated_id",
        "rename it to verb_noun",
        "warning",
    ),
    planted(
        "element without an id",
        change(MAIN, ('<bpmn:endEvent id="news_read"', "<bpmn:endEvent")),
        f"{MAIN}:line 130",
        "no_id",
        "give it one",
    ),
    planted(
        "file name differs from process id",
        both(copied(SUB, "analysis.bpmn"), without(SUB)),
        "analysis.bpmn:analyse_case",
        "file_name",
        "give both the same name",
    ),
    planted(
        "two files with one process",
        copied(SUB, "other.bpmn"),
        "other.bpmn:analyse_case",
        "process_in_two_files",
        "rename one of them",
    ),
    planted(
        "two processes in one file",
        inserted(MAIN, "<bpmndi:BPMNDiagram", '<bpmn:process id="p2" isExecutable="true"/>'),
        f"{MAIN}:p2",
        "several_processes",
        "save each in a file of its own",
    ),
    planted(
        "process that is not executable",
        change(MAIN, ('isExecutable="true"', 'isExecutable="false"')),
        f"{MAIN}:handle_signal",
        "not_executable",
        "tick Executable",
    ),
    planted(
        "step without a name",
        change(MAIN, (' name="Read the news"', "")),
        f"{MAIN}:read_news",
        "no_name",
        "name it",
        "warning",
    ),
]

FLOWS = [
    planted(
        "condition on a task's flow",
        change(
            MAIN,
            (
                '<bpmn:sequenceFlow id="to_open" sourceRef="check_source" targetRef="open_file" />',
                (
                    '<bpmn:sequenceFlow id="to_open" sourceRef="check_source" '
                    'targetRef="open_file">'
                    "<bpmn:conditionExpression>reliable</bpmn:conditionExpression>"
                    "</bpmn:sequenceFlow>"
                ),
            ),
        ),
        f"{MAIN}:to_open",
        "ignored_condition",
        "put an exclusive gateway in between",
    ),
    planted(
        "several flows out of a task",
        inserted(
            MAIN,
            FIRST_FLOW,
            '<bpmn:sequenceFlow id="second" sourceRef="check_source" targetRef="finished"/>',
        ),
        f"{MAIN}:check_source",
        "several_flows",
        "put a gateway after it",
    ),
    planted(
        "both answers lead to the same step",
        change(MAIN, (f"{OTHER_WAY}signal_unfounded", f"{OTHER_WAY}merge_analysis")),
        f"{MAIN}:to_analysis",
        "twin_flows",
        "let the answers lead to different steps",
        "warning",
    ),
    planted(
        "parallel branch without a step",
        change(SUB, ('sourceRef="split_work" targetRef="review_case"', TWIN)),
        f"{SUB}:to_review",
        "twin_flows",
        "remove one",
    ),
    planted(
        "choice without default",
        change(MAIN, (' default="to_analysis"', "")),
        f"{MAIN}:choose_route",
        "no_default",
        "mark one flow as default",
    ),
    planted(
        "default flow of another gateway",
        change(MAIN, (' default="to_analysis"', ' default="to_finished"')),
        f"{MAIN}:choose_route",
        "default_elsewhere",
        "choose one of its own flows",
    ),
    planted(
        "default flow with a condition",
        change(MAIN, (' default="to_analysis"', ' default="to_unfounded"')),
        f"{MAIN}:to_unfounded",
        "default_condition",
        "remove the condition",
    ),
    planted(
        "default on a task",
        change(
            MAIN,
            (
                '<bpmn:userTask id="check_source"',
                '<bpmn:userTask default="to_open" id="check_source"',
            ),
        ),
        f"{MAIN}:check_source",
        "ignored_default",
        "put an exclusive gateway after it",
    ),
    planted(
        "flow out of a choice without condition",
        cut(MAIN, "<bpmn:conditionExpression", "</bpmn:conditionExpression>"),
        f"{MAIN}:to_unfounded",
        "no_condition",
        "write when it is taken",
    ),
    planted(
        "condition with a syntax error",
        change(MAIN, (CONDITION, CONDITION.replace("=", "=="))),
        f"{MAIN}:to_unfounded",
        "bad_condition",
        "condition:",
    ),
    planted(
        "condition of another tool",
        change(MAIN, (CONDITION, "${route == 'unfounded'}</bpmn:conditionExpression>")),
        f"{MAIN}:to_unfounded",
        "bad_condition",
        "write FEEL",
    ),
    planted(
        "condition over an unknown variable",
        change(MAIN, (CONDITION, CONDITION.replace("route", "rout"))),
        f"{MAIN}:to_unfounded",
        "unknown_variable",
        "correct the name",
        "warning",
    ),
    planted(
        "condition over a value that cannot be",
        change(MAIN, (CONDITION, CONDITION.replace("unfounded", "unfound"))),
        f"{MAIN}:to_unfounded",
        "impossible_value",
        'it can be "multi_agency", "unfounded"',
        "warning",
    ),
    planted(
        "condition that compares a code with a number",
        change(MAIN, (REPEAT, "route &gt; 3")),
        f"{MAIN}:to_repeat",
        "wrong_kind",
        "condition:",
        "warning",
    ),
    planted(
        "condition that is no question",
        change(MAIN, (CONDITION, CONDITION.replace('route = "unfounded"', "route"))),
        f"{MAIN}:to_unfounded",
        "wrong_kind",
        "compare it with a value",
        "warning",
    ),
    planted(
        "list of values of which one cannot be",
        change(MAIN, (CONDITION, CONDITION.replace('= "unfounded"', 'in ("unfounded", "x")'))),
        f"{MAIN}:to_unfounded",
        "impossible_value",
        'route is never "x"',
        "warning",
    ),
    planted(
        "number of rounds compared with an unknown profile value",
        change(MAIN, (REPEAT, "rounds &lt; profile.most_rounds")),
        f"{MAIN}:to_repeat",
        "unknown_profile_value",
        "add it to profile.toml",
    ),
    planted(
        "merge in a task",
        change(
            MAIN,
            (
                (
                    'id="to_analysis" name="multi-agency" sourceRef="choose_route" '
                    'targetRef="merge_analysis"'
                ),
                (
                    'id="to_analysis" name="multi-agency" sourceRef="choose_route" '
                    'targetRef="run_analysis"'
                ),
            ),
        ),
        f"{MAIN}:run_analysis",
        "implicit_merge",
        "put an exclusive gateway before it",
    ),
    planted(
        "parallel branches meet in an exclusive gateway",
        change(
            SUB,
            (JOIN, '<bpmn:exclusiveGateway id="join_work"'),
            (
                (
                    "<bpmn:incoming>review_to_join</bpmn:incoming>\n      "
                    "<bpmn:outgoing>to_inform</bpmn:outgoing>\n    </bpmn:parallelGateway>"
                ),
                "</bpmn:exclusiveGateway>",
            ),
        ),
        f"{SUB}:join_work",
        "runs_twice",
        "join them with a parallel gateway",
    ),
    planted(
        "alternatives wait for each other",
        change(
            SUB,
            (SPLIT, '<bpmn:eventBasedGateway id="split_work"'),
            (
                "<bpmn:outgoing>to_review</bpmn:outgoing>\n    </bpmn:parallelGateway>",
                "</bpmn:eventBasedGateway>",
            ),
        ),
        f"{SUB}:join_work",
        "waits_for_ever",
        "meet in an exclusive gateway",
    ),
    planted(
        "loop straight into a parallel split",
        change(
            SUB,
            (
                'id="to_inform" sourceRef="join_work" targetRef="inform_partners"',
                'id="to_inform" sourceRef="join_work" targetRef="split_work"',
            ),
        ),
        f"{SUB}:split_work",
        "loop_into_parallel",
        "put an exclusive gateway before it",
    ),
    planted(
        "second parallel block",
        inserted(
            SUB,
            SUB_FLOW,
            '<bpmn:parallelGateway id="again_split"/><bpmn:endEvent id="e1"/><bpmn:endEvent '
            'id="e2"/><bpmn:sequenceFlow id="x1" sourceRef="again_split" targetRef="e1"/>'
            '<bpmn:sequenceFlow id="x2" sourceRef="again_split" targetRef="e2"/>',
        ),
        f"{SUB}:again_split",
        "second_parallel",
        "use a call activity",
    ),
    planted(
        "handler that leads back into the main path",
        change(
            MAIN,
            (
                'id="to_news_read" sourceRef="read_news" targetRef="news_read"',
                'id="to_news_read" sourceRef="read_news" targetRef="merge_analysis"',
            ),
        ),
        f"{MAIN}:news_arrived",
        "handler_leads_back",
        "give its path an end event of its own",
    ),
]

STRUCTURE = [
    planted(
        "no start event",
        change_all(SUB, "startEvent", "manualTask"),
        f"{SUB}:analyse_case",
        "no_start",
        "add one before the first step",
    ),
    planted(
        "no end event",
        cut(SUB, '<bpmn:endEvent id="analysed"', "</bpmn:endEvent>"),
        f"{SUB}:analyse_case",
        "no_end",
        "add an end event",
    ),
    planted(
        "step after which nothing comes",
        cut(MAIN, '<bpmn:sequenceFlow id="to_news_read"', "/>"),
        f"{MAIN}:read_news",
        "implicit_end",
        "add an end event after it",
    ),
    planted(
        "step that nothing leads to",
        cut(MAIN, '<bpmn:sequenceFlow id="to_news"', "/>"),
        f"{MAIN}:read_news",
        "unreachable",
        "connect it with a flow",
    ),
    planted(
        "loop without a way out",
        change(
            SUB,
            (
                'id="to_analysed" sourceRef="inform_partners" targetRef="analysed"',
                'id="to_analysed" sourceRef="inform_partners" targetRef="reset_answers"',
            ),
        ),
        f"{SUB}:reset_answers",
        "no_way_out",
        "draw a way out of the loop",
    ),
    planted(
        "flow to nothing",
        change(
            MAIN,
            (
                'sourceRef="read_news" targetRef="news_read"',
                'sourceRef="read_news" targetRef="nowhere"',
            ),
        ),
        f"{MAIN}:to_news_read",
        "dangling_flow",
        "connect it to a step or remove it",
    ),
    planted(
        "flow across the border of a sub-process",
        change(
            SUB,
            (
                'sourceRef="tell_partners" targetRef="informed"',
                'sourceRef="tell_partners" targetRef="analysed"',
            ),
        ),
        f"{SUB}:to_informed",
        "flow_across_border",
        "draw a flow out of the sub-process",
    ),
    planted(
        "flow into a start event",
        change(
            SUB,
            (
                'sourceRef="tell_partners" targetRef="informed"',
                'sourceRef="tell_partners" targetRef="informing"',
            ),
        ),
        f"{SUB}:to_informed",
        "flow_into_start",
        "lead it to a step",
    ),
    planted(
        "flow out of an end event",
        inserted(
            MAIN,
            FIRST_FLOW,
            '<bpmn:sequenceFlow id="more" sourceRef="stopped" targetRef="finished"/>',
        ),
        f"{MAIN}:more",
        "flow_from_end",
        "remove the flow",
    ),
    planted(
        "sub-process with two starts",
        inserted(SUB, '<bpmn:userTask id="tell_partners"', '<bpmn:startEvent id="second"/>'),
        f"{SUB}:inform_partners",
        "several_starts",
        "keep one",
    ),
    planted(
        "sub-process without steps",
        inserted(MAIN, FIRST_FLOW, extra("subProcess", "hollow")),
        f"{MAIN}:hollow",
        "empty_sub_process",
        "draw its steps",
    ),
]

PEOPLE = [
    planted(
        "lane without role",
        change(SUB, (setting("candidateRole", "coordinator"), "")),
        f"{SUB}:lane_table",
        "lane_without_role",
        "set candidateRole on the lane",
    ),
    planted(
        "user task without role",
        change(SUB, (setting("candidateRole", "coordinator"), "")),
        f"{SUB}:hold_talk",
        "no_role",
        "put it into a lane with a role",
    ),
    planted(
        "role that the profile does not know",
        change(SUB, (setting("candidateRole", "coordinator"), setting("candidateRole", "boss"))),
        f"{SUB}:lane_table",
        "unknown_role",
        "choose one of accountable, coordinator",
    ),
    planted(
        "role that the lane overrules",
        change(
            SUB,
            (
                setting("formRef", "hold_talk"),
                setting("formRef", "hold_talk") + setting("candidateRole", "accountable"),
            ),
        ),
        f"{SUB}:hold_talk",
        "role_ignored",
        "move the step to another lane",
        "warning",
    ),
    planted(
        "user task without due date",
        change(MAIN, (setting("dueIn", "P7D"), "")),
        f"{MAIN}:read_news",
        "no_due_date",
        "set dueIn",
    ),
    planted(
        "due date that is no duration",
        change(MAIN, (setting("dueIn", "P7D"), setting("dueIn", "7 days"))),
        f"{MAIN}:read_news",
        "bad_duration",
        "write P7D",
    ),
    planted(
        "due at once",
        change(MAIN, (setting("dueIn", "P7D"), setting("dueIn", "P0D"))),
        f"{MAIN}:read_news",
        "zero_duration",
        "give people time",
    ),
    planted(
        "due date from an unknown profile value",
        change(MAIN, ("=profile.deadline_decide_route", "=profile.deadline_decide")),
        f"{MAIN}:decide_route",
        "unknown_profile_value",
        "add it to profile.toml",
    ),
    planted(
        "reminder that is no duration",
        change(MAIN, (setting("remindBefore", "P1D"), setting("remindBefore", "a day"))),
        f"{MAIN}:check_source",
        "bad_duration",
        "write P7D",
    ),
    planted(
        "escalation to an unknown role",
        change(MAIN, (setting("escalateTo", "accountable"), setting("escalateTo", "minister"))),
        f"{MAIN}:check_source",
        "unknown_escalation",
        "choose one of accountable, coordinator",
    ),
    planted(
        "notDoneBy with an unknown step",
        change(MAIN, (setting("notDoneBy", "check_source"), setting("notDoneBy", "check"))),
        f"{MAIN}:decide_route",
        "unknown_not_done_by",
        "use the id of one",
    ),
    planted(
        "notDoneBy with the step itself",
        change(MAIN, (setting("notDoneBy", "check_source"), setting("notDoneBy", "decide_route"))),
        f"{MAIN}:decide_route",
        "not_done_by_itself",
        "name another user task",
    ),
    planted(
        "setting that nothing reads",
        change(MAIN, (setting("dueIn", "P7D"), setting("dueIn", "P7D") + setting("owner", "me"))),
        f"{MAIN}:read_news",
        "unknown_setting",
        "the known ones are",
        "warning",
    ),
    planted(
        "step in no lane",
        change(MAIN, ("<bpmn:flowNodeRef>open_file</bpmn:flowNodeRef>", "")),
        f"{MAIN}:open_file",
        "not_in_lane",
        "move it into the lane",
    ),
    planted(
        "step in two lanes",
        change(
            MAIN,
            (
                "<bpmn:flowNodeRef>decide_route</bpmn:flowNodeRef>",
                (
                    "<bpmn:flowNodeRef>decide_route</bpmn:flowNodeRef>"
                    "<bpmn:flowNodeRef>open_file</bpmn:flowNodeRef>"
                ),
            ),
        ),
        f"{MAIN}:open_file",
        "in_two_lanes",
        "move it into one of them",
    ),
]

EVENTS = [
    planted(
        "message that is not defined",
        change(MAIN, ('messageRef="message_news"', 'messageRef="message_nothing"')),
        f"{MAIN}:news_arrived",
        "unknown_message",
        "add it",
    ),
    planted(
        "message event without message",
        change(MAIN, (' messageRef="message_news"', "")),
        f"{MAIN}:news_arrived",
        "no_message",
        "choose one or add it",
    ),
    planted(
        "message and signal of one name",
        inserted(MAIN, "<bpmn:process ", '<bpmn:signal id="s1" name="new_information"/>'),
        f"{MAIN}:s1",
        "name_of_two_kinds",
        "rename one of them",
    ),
    planted(
        "boundary event without definition",
        change(
            MAIN,
            (
                (
                    '<bpmn:messageEventDefinition id="news_arrived_definition" '
                    'messageRef="message_news" />'
                ),
                "",
            ),
        ),
        f"{MAIN}:news_arrived",
        "no_event_definition",
        "choose a message or a timer",
    ),
    planted(
        "boundary event on nothing",
        change(MAIN, ('cancelActivity="false" attachedToRef="run_analysis"', "")),
        f"{MAIN}:news_arrived",
        "loose_boundary",
        "drag it onto the border",
    ),
    planted(
        "event gateway with two timers",
        change(
            MAIN,
            (
                SETTLED,
                (
                    "<bpmn:timerEventDefinition id='t2'><bpmn:timeDuration>P1Y</bpmn:timeDuration>"
                    "</bpmn:timerEventDefinition>"
                ),
            ),
        ),
        f"{MAIN}:wait_for_end",
        "two_timers",
        "keep the one that is due first",
    ),
    planted(
        "event gateway with a condition",
        change(
            MAIN,
            (
                SETTLED,
                "<bpmn:conditionalEventDefinition id='c'/>",
            ),
        ),
        f"{MAIN}:settled",
        "unsupported_event",
        "use a message event",
    ),
    planted(
        "event gateway with one event",
        cut(MAIN, '<bpmn:sequenceFlow id="to_settled"', "/>"),
        f"{MAIN}:wait_for_end",
        "lonely_event_gateway",
        "add the other event",
    ),
    planted(
        "event gateway that leads to a task",
        change(
            MAIN,
            (
                'id="to_settled" sourceRef="wait_for_end" targetRef="settled"',
                'id="to_settled" sourceRef="wait_for_end" targetRef="ask_again"',
            ),
        ),
        f"{MAIN}:wait_for_end",
        "event_gateway_target",
        "put a message or timer event right after",
    ),
    planted(
        "sub-process that waits to start",
        change(
            SUB,
            (
                '<bpmn:startEvent id="informing" name="informing">',
                (
                    '<bpmn:startEvent id="informing" name="informing">'
                    "<bpmn:messageEventDefinition messageRef='m'/>"
                ),
            ),
        ),
        f"{SUB}:informing",
        "start_in_sub_process",
        "use a plain start event",
    ),
    planted(
        "start by a timer",
        change(
            MAIN,
            (
                '<bpmn:startEvent id="signal_received" name="signal received">',
                (
                    '<bpmn:startEvent id="signal_received" name="signal received">'
                    "<bpmn:timerEventDefinition/>"
                ),
            ),
        ),
        f"{MAIN}:signal_received",
        "unsupported_event",
        "wait in an intermediate event",
    ),
]

TIMERS = [
    planted(
        "timer without rule",
        change(MAIN, (TIMER, "")),
        f"{MAIN}:check_in_due",
        "no_timer_rule",
        "write a duration",
    ),
    planted(
        "timer with a broken rule",
        change(MAIN, (">P3M<", ">P3X<")),
        f"{MAIN}:check_in_due",
        "bad_timer_rule",
        "write a duration",
    ),
    planted(
        "timer of zero",
        change(MAIN, (">P3M<", ">PT0S<")),
        f"{MAIN}:check_in_due",
        "zero_timer",
        "write how long",
    ),
    planted(
        "two events of one border hear the same message",
        change(MAIN, ('messageRef="message_news"', 'messageRef="message_consent"')),
        f"{MAIN}:news_arrived",
        "heard_twice",
        "let one of them hear it",
    ),
    planted(
        "timer of zero, as an expression",
        change(MAIN, (">P3M<", '>duration("PT0S")<')),
        f"{MAIN}:check_in_due",
        "zero_timer",
        "write how long",
    ),
    planted(
        "timer over an unknown variable",
        change(MAIN, (">P3M<", ">next_meeting<")),
        f"{MAIN}:check_in_due",
        "unknown_variable",
        "correct the name",
        "warning",
    ),
]

SCRIPTS = [
    planted(
        "Python in a script",
        change(SUB, ("answers = {}", "import os")),
        f"{SUB}:reset_answers",
        "bad_script",
        "has only lines such as",
    ),
    planted(
        "Python in a condition",
        change(MAIN, (CONDITION, "__import__('os').system('ls')</bpmn:conditionExpression>")),
        f"{MAIN}:to_unfounded",
        "bad_condition",
        "condition:",
    ),
    planted(
        "dunder in a parameter",
        change(MAIN, ('value="reliable"', 'value="reliable.__class__.__mro__[1]()"')),
        f"{MAIN}:open_file",
        "bad_expression",
        "parameter source_reliable",
    ),
    planted(
        "script task without script",
        cut(SUB, "<bpmn:script>", "</bpmn:script>"),
        f"{SUB}:reset_answers",
        "no_script",
        "write lines",
    ),
]

CALLS = [
    planted(
        "call to nowhere",
        change(MAIN, ('calledElement="analyse_case"', 'calledElement="analyse"')),
        f"{MAIN}:run_analysis",
        "unknown_process",
        "draw it in analyse.bpmn",
    ),
    planted(
        "call without a process",
        change(MAIN, ('calledElement="analyse_case"', "")),
        f"{MAIN}:run_analysis",
        "no_called_process",
        "choose one",
    ),
    planted(
        "processes that call each other",
        change(
            SUB,
            (
                '<bpmn:userTask id="review_case"',
                '<bpmn:callActivity calledElement="handle_signal" id="review_case"',
            ),
            (
                "<bpmn:outgoing>review_to_join</bpmn:outgoing>\n    </bpmn:userTask>",
                "</bpmn:callActivity>",
            ),
        ),
        f"{SUB}:review_case",
        "recursion",
        "draw the repetition as a loop",
    ),
    planted(
        "called process with two starts",
        inserted(
            SUB,
            SUB_FLOW,
            '<bpmn:startEvent id="other_start"/><bpmn:sequenceFlow id="o1" '
            'sourceRef="other_start" targetRef="reset_answers"/>',
        ),
        f"{MAIN}:run_analysis",
        "called_with_several_starts",
        "keep one there",
    ),
    planted(
        "called process that waits to start",
        change(
            SUB,
            (
                '<bpmn:startEvent id="analysis_wanted" name="analysis wanted">',
                (
                    '<bpmn:startEvent id="analysis_wanted" name="analysis wanted">'
                    "<bpmn:messageEventDefinition messageRef='m'/>"
                ),
            ),
        ),
        f"{MAIN}:run_analysis",
        "called_with_event_start",
        "make its start event a plain one",
    ),
]

MULTI = [
    planted(
        "repetition without collection",
        change(SUB, ("<bpmn:loopDataInputRef>partners</bpmn:loopDataInputRef>", "")),
        f"{SUB}:contribute",
        "no_collection",
        "name the variable that holds the items",
    ),
    planted(
        "repetition by number",
        change(
            SUB,
            (
                "<bpmn:loopDataInputRef>",
                "<bpmn:loopCardinality>3</bpmn:loopCardinality><bpmn:loopDataInputRef>",
            ),
        ),
        f"{SUB}:contribute",
        "cardinality",
        "name a collection",
    ),
    planted(
        "quorum as completion condition",
        change(
            SUB,
            (
                "<bpmn:loopDataInputRef>",
                "<bpmn:completionCondition>true</bpmn:completionCondition><bpmn:loopDataInputRef>",
            ),
        ),
        f"{SUB}:contribute",
        "completion_condition",
        "send a message when enough answers are in",
    ),
    planted(
        "repeated sub-process",
        change(
            SUB,
            (
                '<bpmn:startEvent id="informing"',
                (
                    "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>partners"
                    '</bpmn:loopDataInputRef><bpmn:inputDataItem id="one"/>'
                    '</bpmn:multiInstanceLoopCharacteristics><bpmn:startEvent id="informing"'
                ),
            ),
        ),
        f"{SUB}:inform_partners",
        "multi_instance_kind",
        "repeat a user task instead",
        "warning",
    ),
    planted(
        "repeated script",
        change(SUB, ("<bpmn:script>", "<bpmn:multiInstanceLoopCharacteristics/><bpmn:script>")),
        f"{SUB}:reset_answers",
        "multi_instance_kind",
        "repeat a user task",
    ),
    planted(
        "item without a name",
        change(SUB, ('<bpmn:inputDataItem id="partner" name="partner" />', "")),
        f"{SUB}:contribute",
        "no_item",
        "for example partner",
    ),
    planted(
        "output without item",
        change(SUB, ('<bpmn:outputDataItem id="answer" name="answer" />', "")),
        f"{SUB}:contribute",
        "half_output",
        "name both or neither",
    ),
    planted(
        "one name for item and output",
        change(
            SUB,
            (
                '<bpmn:outputDataItem id="answer" name="answer" />',
                '<bpmn:outputDataItem id="partner" />',
            ),
        ),
        f"{SUB}:contribute",
        "same_variable",
        "give each its own",
    ),
    planted(
        "output that is not emptied in a loop",
        change(
            SUB,
            ("answers = {}\n", ""),
            (
                'id="to_analysed" sourceRef="inform_partners" targetRef="analysed"',
                'id="to_analysed" sourceRef="inform_partners" targetRef="reset_answers"',
            ),
        ),
        f"{SUB}:contribute",
        "output_not_reset",
        "put a script task answers = {} before it",
        "warning",
    ),
]

XML = [
    planted(
        "DOCTYPE",
        change(MAIN, ("<bpmn:definitions", "<!DOCTYPE a><bpmn:definitions")),
        f"{MAIN}:file",
        "xml",
        "remove it",
    ),
    planted(
        "entity",
        change(MAIN, ("<bpmn:definitions", '<!DOCTYPE a [<!ENTITY x "y">]><bpmn:definitions')),
        f"{MAIN}:file",
        "xml",
        "remove it",
    ),
    planted(
        "not well formed",
        change(MAIN, ("</bpmn:process>", "")),
        f"{MAIN}:file",
        "xml",
        "export it again",
    ),
    planted(
        "too large",
        put(MAIN, b"<a>" + b" " * 2_000_001 + b"</a>"),
        f"{MAIN}:file",
        "xml",
        "split the diagram",
    ),
    planted(
        "UTF-16",
        put(MAIN, "<a/>".encode("utf-16")),
        f"{MAIN}:file",
        "xml",
        "save the file as UTF-8",
    ),
    planted(
        "wrong root",
        put(MAIN, b"<html/>"),
        f"{MAIN}:file",
        "not_bpmn",
        "export the diagram as BPMN 2.0",
    ),
    planted(
        "no process",
        put(MAIN, b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>'),
        f"{MAIN}:file",
        "no_process",
        "draw one",
    ),
]

SHAPE = '<bpmndi:BPMNShape id="open_file_di" bpmnElement="open_file">'
EDGE = '<bpmndi:BPMNEdge id="to_open_di" bpmnElement="to_open">'

LAYOUT = [
    planted(
        "no layout",
        cut(MAIN, "<bpmndi:BPMNDiagram", "</bpmndi:BPMNDiagram>"),
        f"{MAIN}:file",
        "no_layout",
        "arrange it and save it",
    ),
    planted(
        "missing shape",
        cut(MAIN, SHAPE, "</bpmndi:BPMNShape>"),
        f"{MAIN}:open_file",
        "missing_shape",
        "draw it again",
    ),
    planted(
        "missing edge",
        cut(MAIN, EDGE, "</bpmndi:BPMNEdge>"),
        f"{MAIN}:to_open",
        "missing_edge",
        "draw the flow again",
    ),
    planted(
        "shape of something that is gone",
        inserted(
            MAIN,
            SHAPE,
            '<bpmndi:BPMNShape bpmnElement="gone">'
            '<dc:Bounds x="0" y="900" width="9" height="9"/></bpmndi:BPMNShape>',
        ),
        f"{MAIN}:gone",
        "stray_shape",
        "remove it",
        "warning",
    ),
    planted(
        "overlapping shapes",
        change(MAIN, ('<dc:Bounds x="340" y="80"', '<dc:Bounds x="260" y="90"')),
        f"{MAIN}:open_file",
        "shapes_overlap",
        "move one of them away",
        "warning",
    ),
    planted(
        "flow through a step",
        change(
            MAIN,
            (
                '<di:waypoint x="280" y="120" />\n        <di:waypoint x="340" y="120" />',
                '<di:waypoint x="180" y="120" />\n        <di:waypoint x="340" y="120" />',
            ),
            ('id="to_open" sourceRef="check_source"', 'id="to_open" sourceRef="decide_route"'),
        ),
        f"{MAIN}:to_open",
        "flow_through_shape",
        "lead it around",
        "warning",
    ),
    planted(
        "diagonal flow",
        change(MAIN, ('<di:waypoint x="340" y="120" />', '<di:waypoint x="340" y="100" />')),
        f"{MAIN}:to_open",
        "diagonal_flow",
        "right angles",
        "warning",
    ),
    planted(
        "flow that ends inside its step",
        change(MAIN, ('<di:waypoint x="340" y="120" />', '<di:waypoint x="390" y="120" />')),
        f"{MAIN}:to_open",
        "loose_flow_end",
        "drag its end onto the border",
        "warning",
    ),
    planted(
        "step outside its lane",
        change(MAIN, ('<dc:Bounds x="1060" y="190"', '<dc:Bounds x="1060" y="270"')),
        f"{MAIN}:read_news",
        "outside_lane",
        "move it into the lane",
        "warning",
    ),
    planted(
        "step outside its sub-process",
        change(SUB, ('<dc:Bounds x="920" y="80"', '<dc:Bounds x="920" y="180"')),
        f"{SUB}:tell_partners",
        "outside_sub_process",
        "move it inside",
        "warning",
    ),
    planted(
        "label on a step",
        change(MAIN, ('<dc:Bounds x="862" y="182"', '<dc:Bounds x="950" y="100"')),
        f"{MAIN}:consent_taken_back",
        "label_on_shape",
        "move the label to a free place",
        "warning",
    ),
    planted(
        "label on a line",
        change(MAIN, ('<dc:Bounds x="1032" y="170"', '<dc:Bounds x="1000" y="200"')),
        f"{MAIN}:news_arrived",
        "label_on_line",
        "move the label to a free place",
        "warning",
    ),
    planted(
        "label on a label",
        change(MAIN, ('<dc:Bounds x="858" y="300"', '<dc:Bounds x="772" y="388"')),
        f"{MAIN}:to_analysis",
        "label_on_label",
        "move one of them away",
        "warning",
    ),
]

POOL = (
    '<bpmn:collaboration id="c1"><bpmn:participant id="pool" name="Office" '
    'processRef="handle_signal"/></bpmn:collaboration><bpmn:process '
)
POOL_SHAPE = (
    '<bpmndi:BPMNShape bpmnElement="pool"><dc:Bounds x="40" y="0" width="{}" height="510"/>'
)
POOL_SHAPE += "</bpmndi:BPMNShape>"

REST = [
    planted(
        "pool of a process that is elsewhere",
        change(MAIN, ("<bpmn:process ", POOL.replace('"handle_signal"', '"other"'))),
        f"{MAIN}:pool",
        "empty_pool",
        "add the process",
        "warning",
    ),
    planted(
        "message flow",
        change(
            MAIN,
            (
                "<bpmn:process ",
                POOL.replace(
                    "</bpmn:coll", '<bpmn:messageFlow id="mf" sourceRef="pool"/></bpmn:coll'
                ),
            ),
        ),
        f"{MAIN}:mf",
        "message_flow",
        "use message events",
        "warning",
    ),
    planted(
        "step outside its pool",
        both(
            change(MAIN, ("<bpmn:process ", POOL)),
            inserted(MAIN, SHAPE, POOL_SHAPE.format(1000)),
        ),
        f"{MAIN}:finished",
        "outside_pool",
        "move it inside",
        "warning",
    ),
    planted(
        "lane outside its pool",
        both(
            change(MAIN, ("<bpmn:process ", POOL)),
            inserted(MAIN, SHAPE, POOL_SHAPE.format(1500)),
        ),
        f"{MAIN}:lane_coordinator",
        "lane_outside",
        "move it inside",
        "warning",
    ),
    planted(
        "lane with a step that is gone",
        change(MAIN, ("<bpmn:flowNodeRef>open_file<", "<bpmn:flowNodeRef>gone<")),
        f"{MAIN}:lane_coordinator",
        "unknown_lane_member",
        "save the diagram again",
        "warning",
    ),
    planted(
        "collection that is no variable",
        change(SUB, ("DataInputRef>partners<", "DataInputRef>the partners<")),
        f"{SUB}:contribute",
        "bad_variable",
        "write a name such as partners",
    ),
    planted(
        "flow into a boundary event",
        change(
            MAIN,
            (
                'sourceRef="read_news" targetRef="news_read"',
                'sourceRef="read_news" targetRef="consent_taken_back"',
            ),
        ),
        f"{MAIN}:to_news_read",
        "flow_into_boundary",
        "lead it to a step",
    ),
    planted(
        "message without a name",
        change(MAIN, (' name="new_information"', "")),
        f"{MAIN}:message_news",
        "no_event_name",
        "name it",
    ),
    planted(
        "single way on with a condition",
        inserted(
            MAIN,
            FIRST_FLOW,
            '<bpmn:exclusiveGateway id="odd"/><bpmn:sequenceFlow id="on" sourceRef="odd" '
            'targetRef="finished"><bpmn:conditionExpression>reliable</bpmn:conditionExpression>'
            "</bpmn:sequenceFlow>",
        ),
        f"{MAIN}:on",
        "lonely_condition",
        "remove the condition",
    ),
    planted(
        "parameter given twice",
        inserted(
            MAIN,
            '<spiffworkflow:parameter id="case_type"',
            '<spiffworkflow:parameter id="case_type" type="str" value="1"/>',
        ),
        f"{MAIN}:open_file",
        "repeated_parameter",
        "remove one of them",
    ),
    planted(
        "inclusive gateway that joins and splits",
        inserted(
            MAIN,
            FIRST_FLOW,
            '<bpmn:inclusiveGateway id="odd"/>'
            + "".join(
                f'<bpmn:sequenceFlow id="o{n}" sourceRef="{a}" targetRef="{b}"/>'
                for n, (a, b) in enumerate(
                    [
                        ("stopped", "odd"),
                        ("finished", "odd"),
                        ("odd", "stopped"),
                        ("odd", "finished"),
                    ]
                )
            ),
        ),
        f"{MAIN}:odd",
        "mixed_gateway",
        "draw two inclusive gateways",
    ),
    planted(
        "process without steps",
        put(
            "hollow.bpmn",
            b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">
            <process id="hollow" isExecutable="true"/></definitions>""",
        ),
        "hollow.bpmn:hollow",
        "empty_process",
        "draw them",
    ),
    planted(
        "event with two definitions",
        inserted(
            MAIN,
            '<bpmn:timerEventDefinition id="check_in_due_definition"',
            '<bpmn:messageEventDefinition messageRef="message_news"/>',
        ),
        f"{MAIN}:check_in_due",
        "several_event_definitions",
        "draw one event for each",
    ),
    planted(
        "event after an event gateway with another way in",
        inserted(
            MAIN,
            FIRST_FLOW,
            '<bpmn:sequenceFlow id="too" sourceRef="read_news" targetRef="settled"/>',
        ),
        f"{MAIN}:settled",
        "shared_event",
        "give each its own event",
    ),
    planted(
        "element that BPMN does not know",
        inserted(MAIN, FIRST_FLOW, extra("thinkTask", "odd")),
        f"{MAIN}:odd",
        "unknown_element",
        "redraw it",
    ),
    planted(
        "boundary event inside on a step outside",
        inserted(
            SUB,
            '<bpmn:userTask id="tell_partners"',
            '<bpmn:boundaryEvent id="odd" attachedToRef="hold_talk"/>',
        ),
        f"{SUB}:odd",
        "boundary_elsewhere",
        "move it to that level",
    ),
]

CASES = [
    *UNSUPPORTED,
    *FORMS,
    *OPERATORS,
    *DECISIONS,
    *IDS,
    *FLOWS,
    *STRUCTURE,
    *PEOPLE,
    *EVENTS,
    *TIMERS,
    *SCRIPTS,
    *CALLS,
    *MULTI,
    *XML,
    *LAYOUT,
    *REST,
]


def test_good_deployment_has_no_findings(good_files: Files, context: CheckContext) -> None:
    assert [str(finding) for finding in check_deployment(good_files, context)] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_planted_mistake_is_named_with_its_mend(
    case: Case, good_files: Files, context: CheckContext
) -> None:
    files = dict(good_files)
    case.mutation(files)
    found = check_deployment(files, context)
    matching = [
        f for f in found if (f.file, f.element, f.code) == (case.file, case.element, case.code)
    ]
    assert matching, "\n".join(f"{f.code}: {f}" for f in found)
    assert any(case.mend in finding.message for finding in matching), matching
    assert {finding.severity for finding in matching} == {case.severity}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_finding_is_one_readable_line(case: Case, good_files: Files, context: CheckContext) -> None:
    files = dict(good_files)
    case.mutation(files)
    for finding in check_deployment(files, context):
        assert _readable(finding), finding


def _readable(finding: Finding) -> bool:
    line = str(finding)
    return "\n" not in line and line.startswith(f"{finding.file}:{finding.element}: ")
