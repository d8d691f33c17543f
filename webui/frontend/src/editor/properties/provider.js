// Says which fields the panel shows for a selected element: what the engine reads, and no more.
import { Group, isCheckboxEntryEdited, isSelectEntryEdited, isTextAreaEntryEdited, isTextFieldEntryEdited } from '@bpmn-io/properties-panel';
import { is, isAny } from 'bpmn-js/lib/util/ModelUtil';
import { Choice, Text, Tick } from './entry.jsx';
import { callFields, laneFields, personFields } from './person.jsx';
import { decisionFields, operatorFields, scriptFields } from './system.jsx';
import { flowFields, idField, letterFields, repetitionFields, timerFields } from './course.jsx';
import { gettext } from '../../language.js';

const AFTER_THE_STANDARD = 500;
// What the standard panel shows and nothing here reads, or what is shown in our own words instead.
const LEFT_OUT = new Set(['compensation', 'link', 'message', 'multiInstance', 'adHocCompletion', 'signal', 'timer']);

export class Provider {
  static $inject = ['propertiesPanel', 'catalogue'];

  constructor(panel, catalogue) {
    this.catalogue = catalogue;
    panel.registerProvider(AFTER_THE_STANDARD, this);
  }

  getGroups(element) {
    return (standard) => {
      const kept = standard.filter((group) => !LEFT_OUT.has(group.id)).map((group) => withOwnId(group, element));
      const documentation = kept.filter((group) => group.id === 'documentation');
      const others = kept.filter((group) => group.id !== 'documentation');
      return [...others, ...this.groups(element), ...documentation];
    };
  }

  groups(element) {
    return [
      ['person', gettext('Step for people'), isAny(element, ['bpmn:UserTask', 'bpmn:ManualTask']) && personFields(element)],
      ['system', gettext('Done by the system'), is(element, 'bpmn:ServiceTask') && operatorFields(element, this.catalogue)],
      ['script', gettext('Script'), is(element, 'bpmn:ScriptTask') && scriptFields(element)],
      ['decision', gettext('Decision table'), is(element, 'bpmn:BusinessRuleTask') && decisionFields(element)],
      ['call', gettext('Phase'), is(element, 'bpmn:CallActivity') && callFields(element)],
      ['lane', gettext('Who works here'), is(element, 'bpmn:Lane') && laneFields(element)],
      ['flow', gettext('Condition'), is(element, 'bpmn:SequenceFlow') && flowFields(element)],
      ['clock', gettext('Timer'), is(element, 'bpmn:Event') && timerFields(element)],
      ['letter', gettext('What is sent or waited for'), is(element, 'bpmn:Event') && letterFields(element)],
      ['repetition', gettext('Repetition'), is(element, 'bpmn:Activity') && repetitionFields(element)],
    ]
      .filter(([, , entries]) => entries && entries.length)
      .map(([id, label, entries]) => ({
        id: `own-${id}`,
        label,
        component: Group,
        shouldOpen: true,
        entries: entries.map((entry) => ({ ...entry, element, isEdited: edited(entry.component) })),
      }));
  }
}

function withOwnId(group, element) {
  if (group.id !== 'general') return group;
  const entries = group.entries
    .filter((entry) => !['isExecutable', 'versionTag'].includes(entry.id))
    .map((entry) => (entry.id === 'id' ? { ...idField(element), element, isEdited: isTextFieldEntryEdited } : entry));
  return { ...group, entries, shouldOpen: true };
}

function edited(component) {
  if (component === Choice) return isSelectEntryEdited;
  if (component === Tick) return isCheckboxEntryEdited;
  return component === Text ? isTextAreaEntryEdited : isTextFieldEntryEdited;
}
