# The greeter of test/functions/greeter-2.ts with the original SDK of 2.2, behind the HTTP server of Python itself.
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.any_pb2 import Any
from google.protobuf.wrappers_pb2 import Int32Value
from statefun import RequestReplyHandler, StatefulFunctions
from statefun.kafka_egress_pb2 import KafkaProducerRecord

functions = StatefulFunctions()

GREET = "com.googleapis/example.GreetRequest"


def any_of(type_url, text):
    value = Any()
    value.type_url = type_url
    value.value = text.encode()
    return value


@functions.bind("example/greeter")
def greeter(context, message):
    own = context.address.identity
    name = message.value.decode()
    count = context.state("seen_count").unpack(Int32Value)
    seen = count.value if count else 0
    if message.type_url != GREET:
        context.send("example/printer", own, any_of("example/text", f"Bye {name}, seen {seen} times"))
        return
    seen += 1
    context.state("seen_count").pack(Int32Value(value=seen))
    greeting = "Welcome" if seen == 1 else "Nice to see you again"
    context.send("example/printer", own, any_of("example/text", f"{greeting} {name}"))
    later = any_of("example/later", name)
    context.send_after(timedelta(hours=2), "example/greeter", own, later)


@functions.bind("example/printer")
def printer(context, message):
    record = KafkaProducerRecord()
    record.topic = "greetings"
    record.key = context.address.identity
    record.value_bytes = message.value + f" ({context.caller.type})".encode()
    context.pack_and_send_egress("example/greets", record)


handler = RequestReplyHandler(functions)


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        reply = handler(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-type", "application/octet-stream")
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()
