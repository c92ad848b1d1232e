"""The isolation sweep: everything that a schema offers is asked for, and nothing hidden may come back.

Two worlds are asked. In the first (`Companies`) two tenants hold rows with equal keys, codes and
addresses whose texts, numbers and dates tell whose they are; one is asked, and no byte of the other's may
be in an answer. In the second (`Colleagues`) both tenants are equal but for what a member of theirs may
not see; the two members are asked the same, and their answers may not differ.

The documents come from the schema (`documents`, `changes`), so they cover the modules that are installed,
a partner's as well; `Coverage` says what they left out.
"""
