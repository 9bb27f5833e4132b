// Writes golden frames of the messages that the sidecar looks into: one file per message, one line per version, bodies
// without headers as hex. franz-go encodes them, so that no line of ours is checked by itself.
//
//	go run . ..
package main

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

var ordersID = [16]byte{0xa0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
var paymentsID = [16]byte{0xb0, 15: 1}
var auditID = [16]byte{0xc0, 15: 2}

func text(s string) *string { return &s }

// sealed sets the length at 8 and the checksum at crcAt, which covers what follows it.
func sealed(raw []byte, crcAt int, table *crc32.Table) []byte {
	binary.BigEndian.PutUint32(raw[8:], uint32(len(raw)-12))
	binary.BigEndian.PutUint32(raw[crcAt:], crc32.Checksum(raw[crcAt+4:], table))
	return raw
}

func record(delta int32, key, value []byte, headers ...kmsg.Header) []byte {
	r := kmsg.Record{OffsetDelta: delta, TimestampDelta64: int64(delta) * 1000, Key: key, Value: value, Headers: headers}
	one := r.AppendTo(nil)
	r.Length = int32(len(one) - 1) // a length of 0 takes one byte
	return r.AppendTo(nil)
}

func records() []byte {
	out := record(0, nil, []byte("no key, no headers"))
	out = append(out, record(1, []byte("k"), nil, kmsg.Header{Key: "traceparent", Value: []byte(traceparent)},
		kmsg.Header{Key: "tracestate", Value: []byte("outrider=1,a=b")}, kmsg.Header{Key: "other", Value: nil})...)
	return append(out, record(2, []byte("key"), []byte("value"), kmsg.Header{Key: "b3", Value: []byte("0")},
		kmsg.Header{Key: "ce_traceparent", Value: []byte(traceparent)})...)
}

func batch() []byte {
	b := kmsg.RecordBatch{FirstOffset: 100, PartitionLeaderEpoch: 3, Magic: 2, LastOffsetDelta: 2,
		FirstTimestamp: 1700000000000, MaxTimestamp: 1700000002000, ProducerID: 7000, ProducerEpoch: 1, FirstSequence: 40,
		NumRecords: 3, Records: records()}
	return sealed(b.AppendTo(nil), 17, crc32.MakeTable(crc32.Castagnoli))
}

func mixed() []byte {
	old := kmsg.MessageV0{Offset: 5, Key: []byte("k"), Value: []byte("of magic 0")}
	newer := kmsg.MessageV1{Offset: 6, Magic: 1, Timestamp: 1600000000000, Value: []byte("of magic 1, long enough for a head of 61 bytes")}
	out := sealed(old.AppendTo(nil), 12, crc32.IEEETable)
	out = append(out, sealed(newer.AppendTo(nil), 12, crc32.IEEETable)...)
	return append(out, batch()...)
}

func produceRequest(v int16) kmsg.Request {
	m := kmsg.NewPtrProduceRequest()
	m.TransactionID, m.Acks, m.TimeoutMillis = text("transfer"), -1, 1500
	if v == 5 || v == 11 {
		m.TransactionID, m.Acks = nil, 1
	}
	part := func(i int32, records []byte) kmsg.ProduceRequestTopicPartition {
		p := kmsg.NewProduceRequestTopicPartition()
		p.Partition, p.Records = i, records
		return p
	}
	orders, payments := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopic()
	orders.Topic, orders.TopicID = "orders", ordersID
	orders.Partitions = append(orders.Partitions, part(0, batch()), part(1, nil), part(2, mixed()))
	payments.Topic, payments.TopicID = "payments", paymentsID
	payments.Partitions = append(payments.Partitions, part(7, []byte{}))
	m.Topics = append(m.Topics, orders, payments)
	return m
}

func produceResponse(v int16) kmsg.Response {
	m := kmsg.NewPtrProduceResponse()
	m.ThrottleMillis = 25
	good, bad := kmsg.NewProduceResponseTopicPartition(), kmsg.NewProduceResponseTopicPartition()
	good.Partition, good.BaseOffset, good.LogAppendTime, good.LogStartOffset = 0, 100, 1700000000500, 9
	bad.Partition, bad.ErrorCode, bad.BaseOffset, bad.ErrorMessage = 2, 87, -1, text("invalid")
	wrong := kmsg.NewProduceResponseTopicPartitionErrorRecord()
	wrong.RelativeOffset, wrong.ErrorMessage = 1, text("no key")
	bad.ErrorRecords = append(bad.ErrorRecords, wrong)
	if v >= 10 {
		bad.CurrentLeader.LeaderID, bad.CurrentLeader.LeaderEpoch = 2, 4
		broker := kmsg.NewProduceResponseBroker()
		broker.NodeID, broker.Host, broker.Port = 2, "broker-2.internal", 9092
		m.Brokers = append(m.Brokers, broker)
	}
	topic := kmsg.NewProduceResponseTopic()
	topic.Topic, topic.TopicID = "orders", ordersID
	topic.Partitions = append(topic.Partitions, good, bad)
	m.Topics = append(m.Topics, topic)
	return m
}

// refusedTopic is what is said of a topic that never came to a broker: two partitions, of two records and of none.
func refusedTopic(v int16, name string, id [16]byte) kmsg.ProduceResponseTopic {
	topic := kmsg.NewProduceResponseTopic()
	topic.Topic, topic.TopicID = name, id
	for i, records := range []int32{2, 0} {
		p := kmsg.NewProduceResponseTopicPartition()
		p.Partition, p.ErrorCode, p.BaseOffset, p.LogAppendTime, p.LogStartOffset = int32(i)*3, 44, -1, -1, -1
		if v >= 8 {
			p.ErrorCode, p.ErrorMessage = 87, text("over the limit")
			for r := int32(0); r < records; r++ {
				one := kmsg.NewProduceResponseTopicPartitionErrorRecord()
				one.RelativeOffset = r
				p.ErrorRecords = append(p.ErrorRecords, one)
			}
		}
		topic.Partitions = append(topic.Partitions, p)
	}
	return topic
}

func produceRefused(v int16) kmsg.Response {
	m := kmsg.NewPtrProduceResponse()
	m.ThrottleMillis = 7
	m.Topics = append(m.Topics, refusedTopic(v, "audit", auditID), refusedTopic(v, "payments", paymentsID))
	return m
}

// produceCompleted is produceResponse with refused topics before and behind the one that a broker answered.
func produceCompleted(v int16) kmsg.Response {
	m := produceResponse(v).(*kmsg.ProduceResponse)
	m.Topics = []kmsg.ProduceResponseTopic{refusedTopic(v, "audit", auditID), m.Topics[0], refusedTopic(v, "payments", paymentsID)}
	return m
}

func fetchNothing(int16) kmsg.Response {
	m := kmsg.NewPtrFetchResponse()
	m.ThrottleMillis = 7
	return m
}

func fetchRequest(v int16) kmsg.Request {
	m := kmsg.NewPtrFetchRequest()
	m.MaxWaitMillis, m.MinBytes, m.MaxBytes, m.IsolationLevel = 500, 1, 52428800, 1
	m.SessionID, m.SessionEpoch, m.Rack = 77, 3, "rack-a"
	if v >= 12 {
		m.ClusterID = text("cluster")
	}
	if v >= 15 {
		m.ReplicaState.ID, m.ReplicaState.Epoch = 5, 6
	}
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.CurrentLeaderEpoch, p.FetchOffset, p.LastFetchedEpoch, p.LogStartOffset, p.PartitionMaxBytes = 2, 4, 1000, -1, -1, 1048576
	if v >= 17 {
		p.ReplicaDirectoryID = ordersID
	}
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.TopicID = "orders", ordersID
	topic.Partitions = append(topic.Partitions, p)
	m.Topics = append(m.Topics, topic)
	gone := kmsg.NewFetchRequestForgottenTopic()
	gone.Topic, gone.TopicID, gone.Partitions = "payments", paymentsID, []int32{0, 7}
	m.ForgottenTopics = append(m.ForgottenTopics, gone)
	return m
}

func fetchResponse(v int16) kmsg.Response {
	m := kmsg.NewPtrFetchResponse()
	m.ThrottleMillis, m.SessionID = 12, 77
	part := func(i int32, records []byte) kmsg.FetchResponseTopicPartition {
		p := kmsg.NewFetchResponseTopicPartition()
		p.Partition, p.HighWatermark, p.LastStableOffset, p.LogStartOffset, p.RecordBatches = i, 103, 102, 9, records
		return p
	}
	aborted := kmsg.NewFetchResponseTopicPartitionAbortedTransaction()
	aborted.ProducerID, aborted.FirstOffset = 7001, 50
	cut, failed, old := part(0, append(batch(), batch()[:40]...)), part(1, []byte{}), part(2, mixed())
	failed.ErrorCode, failed.PreferredReadReplica = 6, 3
	failed.AbortedTransactions = append(failed.AbortedTransactions, aborted, aborted)
	if v >= 12 {
		failed.CurrentLeader.LeaderID, failed.CurrentLeader.LeaderEpoch = 2, 4
		failed.DivergingEpoch.Epoch, failed.DivergingEpoch.EndOffset = 3, 90
	}
	orders, payments := kmsg.NewFetchResponseTopic(), kmsg.NewFetchResponseTopic()
	orders.Topic, orders.TopicID = "orders", ordersID
	orders.Partitions = append(orders.Partitions, cut, failed, old)
	payments.Topic, payments.TopicID = "payments", paymentsID
	payments.Partitions = append(payments.Partitions, part(7, nil))
	m.Topics = append(m.Topics, orders, payments)
	if v >= 16 {
		broker := kmsg.NewFetchResponseBroker()
		broker.NodeID, broker.Host, broker.Port = 2, "broker-2.internal", 9092
		m.Brokers = append(m.Brokers, broker)
	}
	return m
}

func offsetCommit(int16) kmsg.Request {
	m := kmsg.NewPtrOffsetCommitRequest()
	m.Group, m.Generation, m.MemberID, m.InstanceID = "stock", 5, "member-1", text("instance")
	topic := kmsg.NewOffsetCommitRequestTopic()
	topic.Topic, topic.TopicID = "orders", ordersID
	for i := int32(0); i < 2; i++ {
		p := kmsg.NewOffsetCommitRequestTopicPartition()
		p.Partition, p.Offset, p.LeaderEpoch, p.Metadata = i, 103+int64(i), 3, text("note")
		topic.Partitions = append(topic.Partitions, p)
	}
	m.Topics = append(m.Topics, topic)
	return m
}

type message interface {
	SetVersion(int16)
	AppendTo([]byte) []byte
}

func write(name string, highest int16, make func(int16) message) {
	var out []byte
	for v := int16(0); v <= highest; v++ {
		m := make(v)
		m.SetVersion(v)
		out = fmt.Appendf(out, "%d %x\n", v, m.AppendTo(nil))
	}
	if err := os.WriteFile(filepath.Join(os.Args[1], name+".txt"), out, 0o644); err != nil {
		panic(err)
	}
}

func main() {
	write("produce_request", 13, func(v int16) message { return produceRequest(v) })
	write("produce_response", 13, func(v int16) message { return produceResponse(v) })
	write("produce_refused", 13, func(v int16) message { return produceRefused(v) })
	write("produce_completed", 13, func(v int16) message { return produceCompleted(v) })
	write("fetch_nothing", 18, func(v int16) message { return fetchNothing(v) })
	write("fetch_request", 18, func(v int16) message { return fetchRequest(v) })
	write("fetch_response", 18, func(v int16) message { return fetchResponse(v) })
	write("offset_commit", 10, func(v int16) message { return offsetCommit(v) })
	write("records", 0, func(int16) message { return raw{records()} })
}

// raw is a message that is its bytes.
type raw struct{ bytes []byte }

func (raw) SetVersion(int16)             {}
func (r raw) AppendTo(dst []byte) []byte { return append(dst, r.bytes...) }
