"""Rows are read as asked, page by page, in a number of statements that does not grow with them."""


def test_a_list_with_a_relation_a_nested_list_and_computed_fields(library, ask):
    asked = ask("""{ books(orderBy: [{field: TITLE}]) {
        totalCount
        nodes { title price state pages author { name kind born } editor { name }
            subjects(first: 1) { totalCount nodes { word } } }
    } }""")
    ann = {"name": "Ann", "kind": "PERSON", "born": "1950-01-02"}
    cid = {"name": "Cid", "kind": "PEN_NAME", "born": None}
    assert asked.data["books"] == {
        "totalCount": 3,
        "nodes": [
            {
                "title": "Alpha",
                "price": "10.5",
                "state": "DRAFT",
                "pages": 100,
                "author": ann,
                "editor": {"name": "Cid"},
                "subjects": {"totalCount": 2, "nodes": [{"word": "art"}]},
            },
            {
                "title": "Beta",
                "price": "20",
                "state": "DRAFT",
                "pages": None,
                "author": ann,
                "editor": None,
                "subjects": {"totalCount": 0, "nodes": []},
            },
            {
                "title": "Gamma",
                "price": "0",
                "state": "PRINTED",
                "pages": 300,
                "author": cid,
                "editor": {"name": "Ann"},
                "subjects": {"totalCount": 1, "nodes": [{"word": "war"}]},
            },
        ],
    }
