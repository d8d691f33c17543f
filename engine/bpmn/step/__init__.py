"""What each kind of BPMN element does, on top of the library's classes."""
