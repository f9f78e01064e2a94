"""The messages of Terraform's plugin protocol 6, as a table, and the classes protobuf makes from it at import.

Names and field numbers are those of tfplugin6.proto in hashicorp/terraform (docs/plugin-protocol); only what
Terraform 1.11 sends to a provider without functions and ephemeral resources is here. An enum is an int64 in this
table: both are a varint on the wire. There is no generated code, so any protobuf runtime will do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "tfplugin6"
SERVICE = f"{PACKAGE}.Provider"
SEVERITY_ERROR, SEVERITY_WARNING = 1, 2
NESTING = {"single": 1, "list": 2, "set": 3}

# message -> fields as "name number type": `*T` is repeated, `{T}` a map from string, `?T` a member of the message's oneof.
MESSAGES = {
    "DynamicValue": "msgpack 1 bytes, json 2 bytes",
    "Diagnostic": "severity 1 int64, summary 2 string, detail 3 string, attribute 4 AttributePath",
    "AttributePath": "steps 1 *AttributePath.Step",
    "AttributePath.Step": "attribute_name 1 ?string, element_key_string 2 ?string, element_key_int 3 ?int64",
    "RawState": "json 1 bytes, flatmap 2 {string}",
    "Schema": "version 1 int64, block 2 Schema.Block",
    "Schema.Block": "version 1 int64, attributes 2 *Schema.Attribute, block_types 3 *Schema.NestedBlock",
    "Schema.Attribute": (
        "name 1 string, type 2 bytes, description 3 string, required 4 bool, optional 5 bool, computed 6 bool, sensitive 7 bool"
    ),
    "Schema.NestedBlock": "type_name 1 string, block 2 Schema.Block, nesting 3 int64, min_items 4 int64, max_items 5 int64",
    "ServerCapabilities": "plan_destroy 1 bool, get_provider_schema_optional 2 bool, move_resource_state 3 bool",
    "GetMetadata.Request": "",
    "GetMetadata.TypeName": "type_name 1 string",
    "GetMetadata.Response": (
        "server_capabilities 1 ServerCapabilities, diagnostics 2 *Diagnostic, "
        "data_sources 3 *GetMetadata.TypeName, resources 4 *GetMetadata.TypeName"
    ),
    "GetProviderSchema.Request": "",
    "GetProviderSchema.Response": (
        "provider 1 Schema, resource_schemas 2 {Schema}, data_source_schemas 3 {Schema}, diagnostics 4 *Diagnostic, "
        "server_capabilities 6 ServerCapabilities"
    ),
    "ValidateProviderConfig.Request": "config 1 DynamicValue",
    "ValidateProviderConfig.Response": "diagnostics 2 *Diagnostic",
    "ValidateResourceConfig.Request": "type_name 1 string, config 2 DynamicValue",
    "ValidateResourceConfig.Response": "diagnostics 1 *Diagnostic",
    "ValidateDataResourceConfig.Request": "type_name 1 string, config 2 DynamicValue",
    "ValidateDataResourceConfig.Response": "diagnostics 1 *Diagnostic",
    "ConfigureProvider.Request": "terraform_version 1 string, config 2 DynamicValue",
    "ConfigureProvider.Response": "diagnostics 1 *Diagnostic",
    "UpgradeResourceState.Request": "type_name 1 string, version 2 int64, raw_state 3 RawState",
    "UpgradeResourceState.Response": "upgraded_state 1 DynamicValue, diagnostics 2 *Diagnostic",
    "ReadResource.Request": "type_name 1 string, current_state 2 DynamicValue, private 3 bytes, provider_meta 4 DynamicValue",
    "ReadResource.Response": "new_state 1 DynamicValue, diagnostics 2 *Diagnostic, private 3 bytes",
    "PlanResourceChange.Request": (
        "type_name 1 string, prior_state 2 DynamicValue, proposed_new_state 3 DynamicValue, config 4 DynamicValue, "
        "prior_private 5 bytes, provider_meta 6 DynamicValue"
    ),
    "PlanResourceChange.Response": (
        "planned_state 1 DynamicValue, requires_replace 2 *AttributePath, planned_private 3 bytes, "
        "diagnostics 4 *Diagnostic, legacy_type_system 5 bool"
    ),
    "ApplyResourceChange.Request": (
        "type_name 1 string, prior_state 2 DynamicValue, planned_state 3 DynamicValue, config 4 DynamicValue, "
        "planned_private 5 bytes, provider_meta 6 DynamicValue"
    ),
    "ApplyResourceChange.Response": (
        "new_state 1 DynamicValue, private 2 bytes, diagnostics 3 *Diagnostic, legacy_type_system 4 bool"
    ),
    "ImportResourceState.Request": "type_name 1 string, id 2 string",
    "ImportResourceState.ImportedResource": "type_name 1 string, state 2 DynamicValue, private 3 bytes",
    "ImportResourceState.Response": ("imported_resources 1 *ImportResourceState.ImportedResource, diagnostics 2 *Diagnostic"),
    "MoveResourceState.Request": (
        "source_provider_address 1 string, source_type_name 2 string, source_schema_version 3 int64, "
        "source_state 4 RawState, target_type_name 5 string, source_private 6 bytes"
    ),
    "MoveResourceState.Response": "target_state 1 DynamicValue, diagnostics 2 *Diagnostic, target_private 3 bytes",
    "ReadDataSource.Request": "type_name 1 string, config 2 DynamicValue, provider_meta 3 DynamicValue",
    "ReadDataSource.Response": "state 1 DynamicValue, diagnostics 2 *Diagnostic",
    "GetFunctions.Request": "",
    "GetFunctions.Response": "diagnostics 2 *Diagnostic",
    "StopProvider.Request": "",
    "StopProvider.Response": "Error 1 string",
}

_SCALARS = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
}


def _set_type(field: descriptor_pb2.FieldDescriptorProto, kind: str) -> None:
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type, field.type_name = field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"


def _add_field(message: descriptor_pb2.DescriptorProto, full_name: str, text: str) -> None:
    name, number, kind = text.split()
    field = message.field.add(name=name, number=int(number), label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL)
    if kind.startswith("{"):  # a map is a repeated message of key and value, marked as such
        entry = message.nested_type.add(name="".join(part.capitalize() for part in name.split("_")) + "Entry")
        entry.options.map_entry = True
        _add_field(entry, "", "key 1 string")
        _add_field(entry, "", f"value 2 {kind[1:-1]}")
        field.label, kind = field.LABEL_REPEATED, f"{full_name}.{entry.name}"
    elif kind.startswith("*"):
        field.label, kind = field.LABEL_REPEATED, kind[1:]
    elif kind.startswith("?"):  # so that index 0 is distinguishable from an absent index
        if not message.oneof_decl:
            message.oneof_decl.add(name="selector")
        field.oneof_index, kind = 0, kind[1:]
    _set_type(field, kind)


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="tfplugin6.proto", package=PACKAGE, syntax="proto3")
    made: dict[str, descriptor_pb2.DescriptorProto] = {}
    for full_name, fields in MESSAGES.items():
        outer, _, name = full_name.rpartition(".")
        if outer and outer not in made:
            made[outer] = file.message_type.add(name=outer)
        made[full_name] = made[outer].nested_type.add(name=name) if outer else file.message_type.add(name=name)
        for text in filter(None, fields.split(", ")):
            _add_field(made[full_name], full_name, text)
    return file


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_file())
_CLASSES: dict[str, Callable[..., Any]] = {
    name: message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in MESSAGES
}


def message(name: str) -> Callable[..., Any]:
    """The class of a message; its instances have the fields of the table above."""
    return _CLASSES[name]


def methods() -> Iterator[str]:
    """The names of the RPCs: everything in the table that has a request."""
    return (name.removesuffix(".Request") for name in MESSAGES if name.endswith(".Request"))
