"""The decision core: State, decide, and the verbs put together. Pure: (state, event) -> Decision."""
