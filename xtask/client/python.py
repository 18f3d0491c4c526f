"""Writes the generated part of the Python package from the OpenAPI document.

`models.py` has a dataclass for every schema, `operations.py` a method for every operation. What is not in the
document is not in them, and a shape that this generator does not know is an error, never left out. Run it by
`cargo xtask client`.
"""

import argparse
import json
import keyword
import re
import sys
import textwrap
from pathlib import Path

WIDTH = 108
HEAD = '''"""{about}

Generated from the OpenAPI document by `cargo xtask client`; a change here is lost.
"""
'''
REFERENCE = "#/components/schemas/"
IDEMPOTENCY_KEY = "Idempotency-Key"


class Unknown(Exception):
    """The document has something that is not known here."""


def python_name(name):
    """A name as Python may spell it: `from` is `from_`, `groupKey` is `group_key`."""
    name = re.sub(r"(?<=[a-z0-9])([A-Z]+)", r"_\1", name).replace("-", "_").lower()
    return name + "_" if keyword.iskeyword(name) else name


def reference_of(schema):
    reference = schema.get("$ref")
    if reference is None:
        return None
    if not reference.startswith(REFERENCE):
        raise Unknown(f"a reference to {reference}")
    return reference[len(REFERENCE):]


def followed(part, document):
    """What a part of the document says, there or where it leads to."""
    reference = part.get("$ref")
    if reference is None:
        return part
    for name in reference.removeprefix("#/").split("/"):
        document = document[name]
    return document


def kind_of(schema):
    """The Python type of a schema, and whether it may be null."""
    name = reference_of(schema)
    if name is not None:
        return name, False
    for word in ("oneOf", "anyOf"):
        if word in schema:
            kinds = [kind_of(one) for one in schema[word] if one.get("type") != "null"]
            nullable = len(kinds) < len(schema[word]) or any(null for _, null in kinds)
            names = list(dict.fromkeys(kind for kind, _ in kinds))
            return names[0] if len(names) == 1 else f"Union[{', '.join(names)}]", nullable
    stated = schema.get("type")
    kinds = stated if isinstance(stated, list) else [stated]
    nullable = "null" in kinds
    kinds = [kind for kind in kinds if kind != "null"]
    if len(kinds) != 1:
        raise Unknown(f"the type {stated!r} in {json.dumps(schema)[:200]}")
    return simple_kind(kinds[0], schema), nullable


def simple_kind(kind, schema):
    if kind == "string":
        return "datetime" if schema.get("format") == "date-time" else "str"
    if kind in ("integer", "number", "boolean"):
        return {"integer": "int", "number": "float", "boolean": "bool"}[kind]
    if kind == "array":
        return f"List[{held(schema['items'])}]"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"Dict[str, {held(schema['additionalProperties'])}]"
    raise Unknown(f"a {kind} in {json.dumps(schema)[:200]}")


def held(schema):
    """The type of what a list or a map holds."""
    kind, nullable = kind_of(schema)
    return f"Optional[{kind}]" if nullable else kind


def sentence(text):
    return " ".join(text.split()).replace("\\", "\\\\").replace('"""', "'''")


def docstring(text, indent):
    """A docstring, wrapped."""
    pad = " " * indent
    paragraphs = [sentence(paragraph) for paragraph in text.split("\n\n") if paragraph.strip()]
    if len(paragraphs) == 1 and len(paragraphs[0]) + indent + 6 <= WIDTH:
        return f'{pad}"""{paragraphs[0]}"""\n'
    first = textwrap.wrap(paragraphs[0], WIDTH - indent - 3) if paragraphs else []
    lines = ['"""' + first[0], *first[1:]] if first else ['"""']
    for paragraph in paragraphs[1:]:
        lines += ["", *textwrap.wrap(paragraph, WIDTH - indent)]
    return "\n".join(pad + line if line else "" for line in [*lines, '"""']) + "\n"


def comment(text, indent):
    pad = " " * indent
    lines = textwrap.wrap(" ".join(text.split()), WIDTH - indent - 3)
    return "".join(f"{pad}#: {line}\n" for line in lines)


def properties_of(schema):
    """Name, schema and whether it must be there; those that must be come first."""
    properties, required = schema.get("properties", {}), schema.get("required", [])
    optional = [name for name in properties if name not in required]
    return [(name, properties[name], name in required) for name in [*required, *optional]]


def write_models(schemas):
    text = HEAD.format(about="What requests and answers of the API are made of.")
    body, aliases = "", ""
    for name, schema in sorted(schemas.items()):
        if "properties" not in schema:
            kind, nullable = kind_of(schema)
            aliases += f"\n{comment(schema.get('description', name), 0)}"
            aliases += f"{name} = Optional[{kind}]\n" if nullable else f"{name} = {kind}\n"
            continue
        body += f"\n\n@dataclass(frozen=True)\nclass {name}:\n"
        body += docstring(schema.get("description", name), 4)
        for wire, part, required in properties_of(schema):
            kind, nullable = kind_of(part)
            kind = kind if required and not nullable else f"Optional[{kind}]"
            own = python_name(wire)
            meta = f'metadata={{"name": "{wire}"}}' if own != wire else ""
            value = "" if required else "None"
            if meta:
                value = f"field({meta})" if required else f"field(default=None, {meta})"
            body += "\n" + comment(part.get("description", ""), 4)
            body += f"    {own}: {kind}" + (f" = {value}" if value else "") + "\n"
    body += "\n" + aliases if aliases else ""
    text += "\nfrom __future__ import annotations\n\nfrom dataclasses import dataclass, field\n"
    text += "from datetime import datetime\n" + typing_of(body)
    return text + body


def typing_of(body):
    """The line that imports what a text uses of `typing`."""
    used = [name for name in ("Dict", "Iterator", "List", "Optional", "Union") if f"{name}[" in body]
    return f"from typing import {', '.join(used)}\n"


class Operation:
    """One operation of the document."""

    def __init__(self, path, method, described, document):
        self.path, self.method, self.described = path, method.upper(), described
        self.schemas = document["components"]["schemas"]
        self.name = described["operationId"]
        parameters = [followed(one, document) for one in described.get("parameters", [])]
        self.in_path = [one for one in parameters if one["in"] == "path"]
        self.query = [one for one in parameters if one["in"] == "query"]
        headers = [one["name"] for one in parameters if one["in"] == "header"]
        if set(headers) - {IDEMPOTENCY_KEY} or len(parameters) != len(self.in_path + self.query) + len(headers):
            raise Unknown(f"parameters of {self.name}")
        self.is_once = bool(headers)
        # Of what a hook is told the platform makes a key itself; another one would be in its way.
        self.is_own_key = self.is_once and described["tags"] == ["hooks"]
        self.body, self.is_body_optional = self.read_body()
        self.answers = self.read_answers()

    def read_body(self):
        body = self.described.get("requestBody")
        if body is None:
            return [], True
        schema = body["content"]["application/json"]["schema"]
        kind, nullable = kind_of(schema)
        if kind not in self.schemas:
            raise Unknown(f"the body of {self.name}")
        return properties_of(self.schemas[kind]), nullable or not body.get("required", True)

    def read_answers(self):
        """Status and type of every answer that is no refusal."""
        answers = {}
        for status, response in self.described["responses"].items():
            if not status.startswith("2"):
                continue
            content = response.get("content", {})
            if not content:
                answers[int(status)] = "None"
            elif "application/json" in content:
                answers[int(status)] = kind_of(content["application/json"]["schema"])[0]
            elif "text/csv" in content:
                answers[int(status)] = "Iterator[str]"
            else:
                raise Unknown(f"the answer of {self.name}")
        return answers

    def is_table(self):
        return set(self.answers.values()) == {"Iterator[str]"}

    def item(self):
        """What a page of a list that is read by cursor has, or none."""
        if not any(one["name"] == "cursor" for one in self.query):
            return None
        [page] = self.answers.values()
        return held(self.schemas[page]["properties"]["items"]["items"])

    def arguments(self, leave_out=()):
        """Name, declaration and description of every argument but the path's."""
        arguments = []
        for wire, schema, required in self.body:
            kind, nullable = kind_of(schema)
            kind = f"Optional[{kind}]" if nullable and required else kind
            kind = kind.replace("datetime", "Moment")
            declared = f": {kind}" if required else f": Maybe[{kind}] = UNSET"
            arguments.append((python_name(wire), declared, schema.get("description", ""), required))
        for parameter in self.query:
            if parameter["name"] in leave_out:
                continue
            kind = kind_of(parameter["schema"])[0].replace("datetime", "Moment")
            required = parameter.get("required", False)
            declared = f": {kind}" if required else f": Optional[{kind}] = None"
            arguments.append((python_name(parameter["name"]), declared, parameter.get("description", ""), required))
        if self.is_once:
            about = "Done once under this key; a new one is made when absent, so that retries do no harm."
            if self.is_own_key:
                about = "Done once under this key; when absent, what is told is the key."
            arguments.append(("idempotency_key", ": Optional[str] = None", about, False))
        names = [name for name, *_ in arguments]
        if len(set(names)) != len(names):
            raise Unknown(f"two arguments of {self.name} have one name")
        return sorted(arguments, key=lambda argument: not argument[3])

    def signature(self, name, answer, arguments):
        path = [f"{python_name(one['name'])}: str" for one in self.in_path]
        words = ["self", *path, *(["*"] if arguments else []), *(name + kind for name, kind, *_ in arguments)]
        line = f"    def {name}({', '.join(words)}) -> {answer}:\n"
        if len(line) <= WIDTH:
            return line
        inner = "".join(f"        {word},\n" for word in words)
        return f"    def {name}(\n{inner}    ) -> {answer}:\n"

    def documentation(self, arguments, more=""):
        described = self.described
        text = "\n\n".join(filter(None, [described.get("summary", ""), described.get("description", ""), more]))
        parameters = [(python_name(one["name"]), one.get("description", "")) for one in self.in_path]
        parameters += [(name, about) for name, _, about, _ in arguments]
        doc = docstring(text, 8)
        if not parameters:
            return doc
        lines = "\n        Args:\n"
        for name, about in parameters:
            wrapped = textwrap.wrap(f"{name}: {sentence(about)}", WIDTH - 16)
            lines += "".join(f"            {'    ' if at else ''}{line}\n" for at, line in enumerate(wrapped))
        return doc.rstrip("\n").removesuffix('"""').rstrip() + "\n" + lines + '        """\n'

    def write(self):
        arguments = self.arguments()
        kinds = list(dict.fromkeys(self.answers.values()))
        answer = kinds[0] if len(kinds) == 1 else f"Union[{', '.join(kinds)}]"
        text = self.signature(self.name, answer, arguments) + self.documentation(arguments)
        wires = lambda names: ", ".join(f'"{wire}": {python_name(wire)}' for wire in names)
        path = ", ".join(f'"{one["name"]}": {python_name(one["name"])}' for one in self.in_path)
        text += f"        request = Request(\"{self.method}\", \"{self.path}\""
        text += f", path={{{path}}}" if path else ""
        query = [one["name"] for one in self.query]
        text += f",\n            query={{{wires(query)}}}" if query else ""
        body = [wire for wire, _, _ in self.body]
        text += f",\n            body={{{wires(body)}}}" if body else ""
        text += ", is_body_optional=True" if body and self.is_body_optional else ""
        text += ", idempotency_key=idempotency_key, once=True" if self.is_once else ""
        text += ", is_own_key=True" if self.is_own_key else ""
        text += ")\n"
        if self.is_table():
            text += "        return self._lines(request)\n"
        else:
            answers = ", ".join(f"{status}: {kind}" for status, kind in sorted(self.answers.items()))
            called = f"self._call(request, {{{answers}}})\n"
            text += f"        {called}" if answer == "None" else f"        answer: {answer} = {called}        return answer\n"
        return text + self.write_all()

    def write_all(self):
        item = self.item()
        if item is None:
            return ""
        arguments = self.arguments(leave_out=("cursor",))
        more = "Reads every page, one after the other, and gives what they hold."
        text = "\n" + self.signature(f"{self.name}_all", f"Iterator[{item}]", arguments)
        text += self.documentation(arguments, more)
        path = "".join(f"{python_name(one['name'])}, " for one in self.in_path)
        named = ", ".join(f"{name}={name}" for name, *_ in arguments)
        return text + f"        return self._pages(lambda cursor: self.{self.name}({path}{named}, cursor=cursor))\n"


def write_operations(document):
    schemas = document["components"]["schemas"]
    operations = [
        Operation(path, method, described, document)
        for path, item in document["paths"].items()
        for method, described in item.items()
    ]
    body = "".join("\n" + one.write() for one in sorted(operations, key=lambda one: one.name))
    used = sorted(name for name in schemas if re.search(rf"\b{name}\b", body))
    text = HEAD.format(about="Every operation of the API as a method.")
    text += "\nfrom __future__ import annotations\n\n" + typing_of(body)
    text += "\nfrom ._runtime import UNSET, Maybe, Moment, Request, Runtime\nfrom .models import (\n"
    text += "".join(f"    {name},\n" for name in used) + ")\n"
    about = "The operations. Each answers with what the document says, or raises a `ChappeError`."
    return text + f"\n\nclass Operations(Runtime):\n{docstring(about, 4)}{body}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--document", type=Path, required=True)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is stale")
    arguments = parser.parse_args()
    document = json.loads(arguments.document.read_text(encoding="utf-8"))
    files = {"models.py": write_models(document["components"]["schemas"]), "operations.py": write_operations(document)}
    for name, text in files.items():
        compile(text, name, "exec")
        path = arguments.package / name
        if not arguments.check:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            print(f"{path} is stale; run `cargo xtask client`", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
