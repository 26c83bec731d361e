"""The gRPC interface of the Qdrant server for tests.

Each call is turned into the HTTP request that does the same, and answered from the same place.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
from qdrant_client import grpc as pb
from qdrant_client import models
from qdrant_client.conversions.conversion import (
    GrpcToRest,
    RestToGrpc,
    grpc_field_type_to_payload_schema,
)

if TYPE_CHECKING:
    from qdrant_server import QdrantServer

__all__ = ["serve_grpc"]

_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    408: grpc.StatusCode.DEADLINE_EXCEEDED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    502: grpc.StatusCode.UNAVAILABLE,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.UNAVAILABLE,
}
"""The code that Qdrant (or a proxy) gives for what has this status in HTTP."""

Request = tuple[str, str, dict[str, Any]]
"""A request by HTTP: method, the path after the collection, body."""


def serve_grpc(owner: "QdrantServer", port: int) -> tuple[int, Callable[[], None]]:
    """Serve ``owner`` by gRPC at ``port`` (0: any); return the port, and what ends it."""
    server = grpc.server(
        ThreadPoolExecutor(8, "grpc"),
        options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1)],
    )
    for service, calls in _SERVICES.items():
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                _handler(owner, name, *how),
                request_deserializer=how[0].FromString,
                response_serializer=lambda message: message.SerializeToString(),
            )
            for name, how in calls.items()
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    address = f"127.0.0.1:{port}"
    if owner.certificate is None:
        port = server.add_insecure_port(address)
    else:
        chain, key = (path.read_bytes() for path in owner.certificate)
        port = server.add_secure_port(address, grpc.ssl_server_credentials([(key, chain)]))
    server.start()
    return port, lambda: server.stop(grace=None).wait()


def _handler(
    owner: "QdrantServer",
    name: str,
    kind: Any,
    to_http: Callable[[Any], Request],
    to_grpc: Callable[[Any], Any],
) -> Callable[[Any, grpc.ServicerContext], Any]:
    def handle(message: Any, context: grpc.ServicerContext) -> Any:
        from qdrant_server import Refused

        method, action, body = to_http(message)
        path = "/"
        if action != "/":
            path = f"/collections/{message.collection_name}/{action}".rstrip("/")
        _, trouble = owner.receive(method, path, body)
        if trouble == "stall":
            time.sleep(owner.stall_seconds)
        if trouble in ("stall", "reset"):
            context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
        if trouble == "garbage":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "Received http2 header with status: 404")
        if trouble is not None and trouble != "lost":
            status, _, text = trouble.partition(": ")
            if status == "429":
                context.set_trailing_metadata([("retry-after", "1")])
            context.abort(_CODES[int(status)], text or "in trouble")
        key = dict(context.invocation_metadata()).get("api-key")
        try:
            result = owner.answer(method, path, body, key)
        except Refused as error:
            context.abort(_CODES[error.status], str(error))
        if trouble == "lost":
            context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
        return to_grpc(result)

    return handle


def _plain(model: Any) -> Any:
    """Return a model as JSON values, without what is unset."""
    return model.model_dump(mode="json", exclude_none=True)


def _consistency(message: Any) -> dict[str, Any]:
    if not message.HasField("read_consistency"):
        return {}
    level = GrpcToRest.convert_read_consistency(message.read_consistency)
    return {"consistency": level if isinstance(level, int) else level.value}


def _filter(message: Any, name: str = "filter") -> dict[str, Any]:
    if not message.HasField("filter"):
        return {}
    return {name: _plain(GrpcToRest.convert_filter(message.filter))}


def _selected(message: Any) -> dict[str, Any]:
    """Return which payload and vectors are requested."""
    body: dict[str, Any] = {}
    if message.HasField("with_payload"):
        selected = GrpcToRest.convert_with_payload_interface(message.with_payload)
        body["with_payload"] = selected if isinstance(selected, bool | list) else _plain(selected)
    if message.HasField("with_vectors"):
        body["with_vector"] = GrpcToRest.convert_with_vectors_selector(message.with_vectors)
    return body


def _create(message: Any) -> Request:
    vectors: Any = GrpcToRest.convert_vectors_config(message.vectors_config)
    body: dict[str, Any] = {
        "vectors": {name: _plain(each) for name, each in vectors.items()},
        "metadata": GrpcToRest.convert_payload(message.metadata),
    }
    for name in ("shard_number", "replication_factor", "write_consistency_factor"):
        body[name] = getattr(message, name)
    return "PUT", "", body


def _index(message: Any) -> Request:
    kind = GrpcToRest.convert_payload_schema_type(
        grpc_field_type_to_payload_schema(message.field_type)
    )
    schema: Any = kind.value
    if message.HasField("field_index_params"):
        schema = _plain(GrpcToRest.convert_payload_schema_params(message.field_index_params))
    return "PUT", "index", {"field_name": message.field_name, "field_schema": schema}


def _points(message: Any) -> list[Any]:
    chosen: Any = GrpcToRest.convert_points_selector(message)
    return list(chosen.points)


def _scroll(message: Any) -> Request:
    body: dict[str, Any] = {"limit": message.limit, **_selected(message), **_filter(message)}
    if message.HasField("offset"):
        body["offset"] = GrpcToRest.convert_point_id(message.offset)
    return "POST", "points/scroll", body | _consistency(message)


def _retrieved(point: models.Record) -> Any:
    return RestToGrpc.convert_retrieved_point(
        point.model_copy(update={"payload": point.payload or {}})
    )


def _scrolled(result: Any) -> Any:
    following = result["next_page_offset"]
    return pb.ScrollResponse(
        result=[_retrieved(point) for point in result["points"]],
        next_page_offset=(
            None if following is None else RestToGrpc.convert_extended_point_id(following)
        ),
    )


def _changed(result: Any) -> Any:
    return pb.CollectionOperationResponse(result=bool(result))


def _written(result: models.UpdateResult) -> Any:
    return pb.PointsOperationResponse(
        result=pb.UpdateResult(operation_id=0, status=pb.UpdateStatus.Completed)
    )


def _batch(message: Any) -> Request:
    changes = [each.overwrite_payload for each in message.operations]
    operations = [
        {
            "overwrite_payload": {
                "payload": GrpcToRest.convert_payload(each.payload),
                "points": _points(each.points_selector),
            }
        }
        for each in changes
    ]
    return "POST", "points/batch", {"operations": operations}


def _batch_written(result: list[models.UpdateResult]) -> Any:
    done = pb.UpdateResult(operation_id=0, status=pb.UpdateStatus.Completed)
    return pb.UpdateBatchResponse(result=[done] * len(result))


_SERVICES: dict[str, dict[str, tuple[Any, Callable[[Any], Request], Callable[[Any], Any]]]] = {
    "qdrant.Qdrant": {
        "HealthCheck": (
            pb.HealthCheckRequest,
            lambda message: ("GET", "/", {}),
            lambda result: pb.HealthCheckReply(title=result.title, version=result.version),
        ),
    },
    "qdrant.Collections": {
        "CollectionExists": (
            pb.CollectionExistsRequest,
            lambda message: ("GET", "exists", {}),
            lambda result: pb.CollectionExistsResponse(result=pb.CollectionExists(**result)),
        ),
        "Get": (
            pb.GetCollectionInfoRequest,
            lambda message: ("GET", "", {}),
            lambda result: pb.GetCollectionInfoResponse(
                result=RestToGrpc.convert_collection_info(result)
            ),
        ),
        "Create": (pb.CreateCollection, _create, _changed),
        "Update": (
            pb.UpdateCollection,
            lambda message: ("PATCH", "", _plain(GrpcToRest.convert_update_collection(message))),
            _changed,
        ),
    },
    "qdrant.Points": {
        "CreateFieldIndex": (pb.CreateFieldIndexCollection, _index, _written),
        "Upsert": (
            pb.UpsertPoints,
            lambda message: (
                "PUT",
                "points",
                {"points": [_plain(GrpcToRest.convert_point_struct(p)) for p in message.points]},
            ),
            _written,
        ),
        "Delete": (
            pb.DeletePoints,
            lambda message: ("POST", "points/delete", {"points": _points(message.points)}),
            _written,
        ),
        "UpdateBatch": (pb.UpdateBatchPoints, _batch, _batch_written),
        "Get": (
            pb.GetPoints,
            lambda message: (
                "POST",
                "points",
                {
                    "ids": [GrpcToRest.convert_point_id(each) for each in message.ids],
                    **_selected(message),
                    **_consistency(message),
                },
            ),
            lambda result: pb.GetResponse(result=[_retrieved(each) for each in result]),
        ),
        "Query": (
            pb.QueryPoints,
            lambda message: (
                "POST",
                "points/query",
                _plain(GrpcToRest.convert_query_points(message)),
            ),
            lambda result: pb.QueryResponse(
                result=[RestToGrpc.convert_scored_point(each) for each in result.points]
            ),
        ),
        "Scroll": (pb.ScrollPoints, _scroll, _scrolled),
        "Count": (
            pb.CountPoints,
            lambda message: (
                "POST",
                "points/count",
                {**_filter(message), **_consistency(message)},
            ),
            lambda result: pb.CountResponse(result=RestToGrpc.convert_count_result(result)),
        ),
        "Facet": (
            pb.FacetCounts,
            lambda message: (
                "POST",
                "facet",
                {"key": message.key, "limit": message.limit, **_filter(message)},
            ),
            lambda result: pb.FacetResponse(
                hits=[RestToGrpc.convert_facet_value_hit(each) for each in result.hits]
            ),
        ),
    },
}
