// Uses the broker as users of the Java client do. Prints "done" when all is as it must be.
import java.time.Duration;
import java.util.*;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.*;
import org.apache.kafka.common.serialization.*;

public class Client {
  static String servers;
  /** How to get in, from a file of properties; nothing where everybody may. */
  static final Properties common = new Properties();

  static Properties properties(String... more) {
    Properties properties = new Properties();
    properties.putAll(common);
    properties.put("bootstrap.servers", servers);
    for (int at = 0; at < more.length; at += 2) properties.put(more[at], more[at + 1]);
    return properties;
  }

  static KafkaProducer<String, String> producer(String... more) {
    return new KafkaProducer<>(properties(more), new StringSerializer(), new StringSerializer());
  }

  static List<String> read(String topic, int count, String... more) {
    Properties properties = properties(more);
    properties.put("auto.offset.reset", "earliest");
    List<String> seen = new ArrayList<>();
    try (var consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of(topic));
      long deadline = System.currentTimeMillis() + 20_000;
      while (seen.size() < count && System.currentTimeMillis() < deadline)
        for (var record : consumer.poll(Duration.ofMillis(100))) seen.add(record.value());
      consumer.commitSync();
    }
    return seen;
  }

  static void check(boolean holds, Object what) {
    if (!holds) throw new AssertionError(what);
  }

  public static void main(String[] args) throws Exception {
    servers = args[0];
    if (args.length > 1) try (var reader = new java.io.FileReader(args[1])) { common.load(reader); }
    try (var admin = Admin.create(properties())) {
      admin.createTopics(List.of(new NewTopic("j", 3, (short) 1), new NewTopic("tx", 1, (short) 1))).all().get();
      produceAndRead();
      transactions(admin);
      administrate(admin);
      if (args.length > 1) secure(admin);
    }
    System.out.println("done");
  }

  /** Users and access rules, where everybody has to log in. */
  static void secure(Admin admin) throws Exception {
    var info = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 8192);
    admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion("zoe", info, "zoe-secret-444"))).all().get();
    var described = admin.describeUserScramCredentials(List.of("zoe")).description("zoe").get();
    check(described.credentialInfos().equals(List.of(info)), described);
    var login = properties("sasl.mechanism", "SCRAM-SHA-256", "sasl.jaas.config",
      "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"zoe\" password=\"zoe-secret-444\";");
    try (var zoe = Admin.create(login)) {
      check(zoe.listTopics().names().get().isEmpty(), "zoe sees topics");
      check(fails(() -> zoe.describeCluster(new DescribeClusterOptions().includeAuthorizedOperations(true)).nodes().get()) == null, "cluster");
      check(fails(() -> zoe.deleteTopics(List.of("j")).all().get()) instanceof TopicAuthorizationException, "zoe deletes");
    }
    admin.alterUserScramCredentials(List.of(new UserScramCredentialDeletion("zoe", ScramMechanism.SCRAM_SHA_256))).all().get();
  }

  static Throwable fails(java.util.concurrent.Callable<?> action) {
    try {
      action.call();
      return null;
    } catch (Exception error) {
      return error.getCause() == null ? error : error.getCause();
    }
  }

  static void produceAndRead() throws Exception {
    Set<String> values = new TreeSet<>();
    try (var producer = producer("compression.type", "snappy", "linger.ms", "5")) {
      for (int index = 0; index < 2000; index++) {
        values.add("v" + index);
        producer.send(new ProducerRecord<>("j", "k" + index, "v" + index));
      }
    }
    check(new TreeSet<>(read("j", 2000, "group.id", "classic")).equals(values), "classic");
    check(new TreeSet<>(read("j", 2000, "group.id", "cooperative", "group.instance.id", "one",
        "partition.assignment.strategy", CooperativeStickyAssignor.class.getName())).equals(values), "cooperative");
    check(new TreeSet<>(read("j", 2000, "group.id", "new", "group.protocol", "consumer")).equals(values), "KIP-848");
  }

  static void transactions(Admin admin) throws Exception {
    var producer = producer("transactional.id", "java");
    producer.initTransactions();
    for (String value : List.of("a", "-b", "c")) {
      producer.beginTransaction();
      producer.send(new ProducerRecord<>("tx", value));
      producer.sendOffsetsToTransaction(
          Map.of(new TopicPartition("j", 0), new OffsetAndMetadata(value.equals("c") ? 3 : 9)),
          new ConsumerGroupMetadata("positions"));
      if (value.startsWith("-")) producer.abortTransaction();
      else producer.commitTransaction();
    }
    var seen = read("tx", 2, "group.id", "committed", "isolation.level", "read_committed");
    check(seen.equals(List.of("a", "c")), seen);
    var offsets = admin.listConsumerGroupOffsets("positions").partitionsToOffsetAndMetadata().get();
    check(offsets.get(new TopicPartition("j", 0)).offset() == 3, offsets);
    producer.beginTransaction();
    producer.send(new ProducerRecord<>("tx", "open"));
    producer.flush();
    var listed = admin.describeTransactions(List.of("java")).all().get().get("java");
    check(listed.state() == TransactionState.ONGOING, listed);
    var next = producer("transactional.id", "java");
    next.initTransactions();
    try {
      producer.commitTransaction();
      check(false, "the earlier producer was not fenced");
    } catch (ProducerFencedException | InvalidProducerEpochException expected) {
      producer.close(Duration.ZERO);
    }
    next.close();
  }

  static void administrate(Admin admin) throws Exception {
    var topic = new ConfigResource(ConfigResource.Type.TOPIC, "j");
    var set = new AlterConfigOp(new ConfigEntry("retention.ms", "1000000"), AlterConfigOp.OpType.SET);
    admin.incrementalAlterConfigs(Map.of(topic, List.of(set))).all().get();
    var config = admin.describeConfigs(List.of(topic)).all().get().get(topic);
    check(config.get("retention.ms").value().equals("1000000"), config);
    var place = new TopicPartition("j", 0);
    var latest = admin.listOffsets(Map.of(place, OffsetSpec.latest())).all().get().get(place).offset();
    var newest = admin.listOffsets(Map.of(place, OffsetSpec.maxTimestamp())).all().get().get(place).offset();
    check(newest >= 0 && newest < latest, newest);
    admin.deleteRecords(Map.of(place, RecordsToDelete.beforeOffset(latest))).all().get();
    var earliest = admin.listOffsets(Map.of(place, OffsetSpec.earliest())).all().get().get(place).offset();
    check(earliest == latest, earliest);
    var classic = admin.describeConsumerGroups(List.of("classic", "new")).all().get();
    check(classic.get("new").type() == GroupType.CONSUMER, classic);
    admin.deleteConsumerGroupOffsets("classic", Set.of(place)).all().get();
    admin.alterConsumerGroupOffsets("classic", Map.of(place, new OffsetAndMetadata(1))).all().get();
    admin.deleteConsumerGroups(List.of("classic", "new")).all().get();
    check(admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1).size() == 1, "log dirs");
    try {
      admin.createTopics(List.of(new NewTopic("j", 1, (short) 1))).all().get();
      check(false, "a topic was made twice");
    } catch (ExecutionException error) {
      check(error.getCause() instanceof TopicExistsException, error);
    }
    admin.deleteTopics(List.of("j")).all().get();
    check(admin.listTopics().names().get().equals(Set.of("tx")), admin.listTopics().names().get());
  }
}
