"""The clerk of the SDK tests with the original Python SDK: prints its port and serves until it is killed."""
from datetime import timedelta
import socket

from aiohttp import web
from statefun import (
    BoolType,
    Context,
    DoubleType,
    FloatType,
    IntType,
    LongType,
    Message,
    RequestReplyHandler,
    StatefulFunctions,
    StringType,
    ValueSpec,
    kafka_egress_message,
    make_json_type,
    message_builder,
)

ORDER = make_json_type("sdk/order")
functions = StatefulFunctions()
failed = set()


@functions.bind(
    typename="sdk/clerk",
    specs=[
        ValueSpec("count", IntType),
        ValueSpec("total", LongType, expire_after_call=timedelta(hours=1)),
        ValueSpec("mean", DoubleType, expire_after_write=timedelta(hours=1)),
        ValueSpec("rate", FloatType),
        ValueSpec("name", StringType),
        ValueSpec("open", BoolType),
        ValueSpec("last", ORDER),
        ValueSpec("fleeting", IntType, expire_after_write=timedelta(minutes=10)),
        ValueSpec("kept", IntType, expire_after_call=timedelta(minutes=10)),
    ],
)
async def clerk(context: Context, message: Message):
    storage = context.storage
    own = context.address.id
    caller = context.caller

    def say(text):
        context.send_egress(
            kafka_egress_message(typename="sdk/out", topic="answers", key=own, value=f"{own}: {text}")
        )

    if message.is_string():
        text = message.as_string()
        if text.startswith("hello"):
            context.send(message_builder(caller.typename, caller.id, str_value=f"re: {text}"))
        else:
            say(f'got "{text}" by {caller.id}')
        return

    order = message.as_type(ORDER)
    verb = order["do"]
    if verb == "add":
        storage.count = (storage.count or 0) + 1
        storage.total = (storage.total or 0) + order["amount"]
        storage.mean = storage.total / storage.count
        storage.rate = storage.count * 0.5
        storage.name = order.get("text", "")
        storage.open = not storage.open
        storage.last = order
    elif verb == "report":
        last = storage.last
        say(
            f"count {shown(storage.count)}, total {shown(storage.total)}, mean {percent(storage.mean)}, "
            f"rate {percent(storage.rate)}, name {shown(storage.name)}, open {shown(storage.open)}, "
            f"last {'-' if last is None else last['amount']}, from {'ingress' if caller is None else caller.id}"
        )
    elif verb == "forget":
        del storage.count
        del storage.total
        del storage.mean
        del storage.rate
        del storage.name
        del storage.open
        del storage.last
    elif verb == "greet":
        context.send(message_builder("sdk/clerk", order["to"], str_value=f"hello from {own}"))
    elif verb == "loop":
        if order["amount"] > 0:
            context.send(ordered(own, {"do": "loop", "amount": order["amount"] - 1}))
        else:
            say("looped")
    elif verb == "remind":
        later = ordered(order.get("to", own), {"do": "say", "text": order["text"]})
        delay = timedelta(milliseconds=order["after"])
        if "token" in order:
            context.send_after(delay, later, order["token"])
        else:
            context.send_after(delay, later)
    elif verb == "cancel":
        context.cancel_delayed_message(order["token"])
    elif verb == "say":
        say(f"{order['text']}, by {'ingress' if caller is None else caller.id}")
    elif verb == "fleet":
        storage.fleeting = 1
        storage.kept = 1
        for minutes in (5, 12, 25):
            context.send_after(timedelta(minutes=minutes), ordered(own, {"do": "check", "amount": minutes}))
    elif verb == "check":
        say(f"after {order['amount']} minutes fleeting {shown(storage.fleeting)}, kept {shown(storage.kept)}")
    elif verb == "note":
        context.send_egress(
            kafka_egress_message(typename="sdk/out", topic="notes", value=order, value_type=ORDER)
        )
    elif verb == "fail":
        if own not in failed:
            failed.add(own)
            raise RuntimeError("told to fail once")
        say("recovered")


def ordered(target_id, order):
    return message_builder("sdk/clerk", target_id, value=order, value_type=ORDER)


def shown(value):
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)


def percent(value):
    return "-" if value is None else str(round(value * 100))


handler = RequestReplyHandler(functions)


async def handle(request):
    reply = await handler.handle_async(await request.read())
    return web.Response(body=reply, content_type="application/octet-stream")


if __name__ == "__main__":
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    print(f"listening on {listener.getsockname()[1]}", flush=True)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/statefun", handle)
    web.run_app(app, sock=listener, print=None)
