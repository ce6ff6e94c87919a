"""Uses the broker as librdkafka's users do. Prints "done" when all is as it must be."""
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic, OffsetSpec

servers = sys.argv[1]
common = {"bootstrap.servers": servers}
if len(sys.argv) > 2:
    ca, user, password = sys.argv[2:5]
    common.update({
        "security.protocol": "sasl_ssl", "ssl.ca.location": ca, "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": user, "sasl.password": password})
admin = AdminClient(common)


def wait(futures):
    return {key: future.result() for key, future in futures.items()}


def produce(topic, values, **more):
    failures = []
    producer = Producer({**common, "linger.ms": 1, **more})
    for value in values:
        producer.produce(topic, value, key=value, on_delivery=lambda e, _: e and failures.append(e))
    assert producer.flush(20) == 0
    assert not failures, failures


def read(topic, count, **more):
    consumer = Consumer({
        **common, "group.id": f"g-{topic}-{len(more)}",
        "auto.offset.reset": "earliest", **more})
    consumer.subscribe([topic])
    seen = []
    deadline = time.time() + 20
    while len(seen) < count and time.time() < deadline:
        message = consumer.poll(0.2)
        if message is not None:
            assert message.error() is None, message.error()
            seen.append(message.value().decode())
    consumer.commit(asynchronous=False)
    consumer.close()
    return seen


wait(admin.create_topics([NewTopic("p", 3, 1), NewTopic("tx", 1, 1)]))
wait(admin.create_partitions([NewPartitions("p", 4)]))
assert len(admin.list_topics("p", timeout=10).topics["p"].partitions) == 4

values = [f"v{index}" for index in range(2000)]
produce("p", values, **{"enable.idempotence": True, "compression.type": "zstd"})
assert sorted(read("p", len(values))) == sorted(values)
assert sorted(read("p", len(values), **{"partition.assignment.strategy": "cooperative-sticky"})) == sorted(values)
assert sorted(read("p", len(values), **{"group.protocol": "consumer", "client.id": "k"})) == sorted(values)

producer = Producer({**common, "transactional.id": "py"})
producer.init_transactions(10)
for value, commits in (("a", True), ("b", False), ("c", True)):
    producer.begin_transaction()
    producer.produce("tx", value)
    if commits:
        producer.commit_transaction(10)
    else:
        producer.abort_transaction(10)
assert read("tx", 2, **{"isolation.level": "read_committed"}) == ["a", "c"]

zombie = producer
newer = Producer({**common, "transactional.id": "py"})
newer.init_transactions(10)
try:
    zombie.begin_transaction()
    zombie.produce("tx", "late")
    zombie.commit_transaction(10)
    raise AssertionError("the earlier producer was not fenced")
except KafkaException as error:
    assert error.args[0].fatal() or error.args[0].txn_requires_abort(), error

place = TopicPartition("p", 0)
latest = wait(admin.list_offsets({place: OffsetSpec.latest()}))[place].offset
wait(admin.delete_records([TopicPartition("p", 0, latest)]))
assert wait(admin.list_offsets({place: OffsetSpec.earliest()}))[place].offset == latest
groups = {group.group_id for group in admin.list_consumer_groups().result().valid}
assert "g-p-0" in groups, groups
wait(admin.delete_consumer_groups(["g-p-0"]))
wait(admin.delete_topics(["p"]))
print("done")
