// Writes golden answers of brokers with kmsg, an implementation of the protocol that shares nothing with ours: each line is
//
//	KEY VERSION CASE ANSWER EXPECTED
//
// in hexadecimal from the correlation id on, EXPECTED being what a client has to see through the sidecar: the same message
// with advertised addresses (loopback plan, port 19092), without what can't be advertised, or an empty "-" when all passes.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const correlation = 0x01020304

// beyond is the first broker id that the loopback plan has no address for.
const beyond = 1<<23 - 1<<16

// show gives the address of a node for a client; not ok: it must not be shown.
type show func(controller bool, id int32, host string, port int32) (string, int32, bool)

func own(_ bool, _ int32, host string, port int32) (string, int32, bool) { return host, port, true }

func advertised(controller bool, id int32, host string, port int32) (string, int32, bool) {
	if host == "" {
		return host, port, true
	}
	first, end := uint32(127<<24+1<<16), int32(beyond)
	if controller {
		first, end = 127<<24+1<<23, 1<<23-1
	}
	if id < 0 || id >= end {
		return "", 0, false
	}
	a := first + uint32(id)
	return fmt.Sprintf("%d.%d.%d.%d", a>>24, a>>16&0xff, a>>8&0xff, a&0xff), 19092, true
}

type node struct {
	id   int32
	host string
	port int32
	rack *string
}

func text(s string) *string { return &s }

var nodes = []node{
	{0, "zero.brokers.internal", 9092, text("rack-a")},
	{1, "10.11.12.13", 9093, nil},
	{70000, "a-name-that-is-longer-than-any-loopback-address.brokers.internal", 65535, text("")},
	{beyond, "far.brokers.internal", 9094, text("rack-b")},
	{-1, "nobody.brokers.internal", 9095, nil},
	{7, "", -1, nil},
}

func unknown(t *kmsg.Tags) {
	t.Set(99, []byte("later"))
	t.Set(70000, nil)
}

func shown(s show, controller bool, each func(n node)) {
	for _, n := range nodes {
		host, port, ok := s(controller, n.id, n.host, n.port)
		if ok {
			each(node{n.id, host, port, n.rack})
		}
	}
}

type builder func(version int16, s show) kmsg.Response

func metadata(version int16, s show) kmsg.Response {
	r := kmsg.NewPtrMetadataResponse()
	r.ThrottleMillis, r.ClusterID, r.ControllerID = 3, text("the-cluster"), 1
	shown(s, false, func(n node) {
		b := kmsg.NewMetadataResponseBroker()
		b.NodeID, b.Host, b.Port, b.Rack = n.id, n.host, n.port, n.rack
		unknown(&b.UnknownTags)
		r.Brokers = append(r.Brokers, b)
	})
	for i, name := range []string{"orders", "stock"} {
		t := kmsg.NewMetadataResponseTopic()
		t.Topic = text(name)
		t.TopicID[0], t.TopicID[15] = byte(i+1), 9
		for j := int32(0); j < 2; j++ {
			p := kmsg.NewMetadataResponseTopicPartition()
			p.Partition, p.Leader, p.LeaderEpoch = j, 1, 5
			p.Replicas, p.ISR, p.OfflineReplicas = []int32{0, 1}, []int32{1}, []int32{0}
			unknown(&p.UnknownTags)
			t.Partitions = append(t.Partitions, p)
		}
		unknown(&t.UnknownTags)
		r.Topics = append(r.Topics, t)
	}
	unknown(&r.UnknownTags)
	return r
}

func findCoordinator(found node) builder {
	return func(version int16, s show) kmsg.Response {
		host, port, ok := s(false, found.id, found.host, found.port)
		id, code := found.id, int16(0)
		if !ok {
			id, host, port, code = -1, "", -1, 15
		}
		r := kmsg.NewPtrFindCoordinatorResponse()
		r.NodeID, r.Host, r.Port, r.ErrorCode, r.ErrorMessage = id, host, port, code, text("a message")
		c := kmsg.NewFindCoordinatorResponseCoordinator()
		c.Key, c.NodeID, c.Host, c.Port, c.ErrorCode = "group", id, host, port, code
		unknown(&c.UnknownTags)
		none := kmsg.NewFindCoordinatorResponseCoordinator()
		none.Key, none.NodeID, none.Port, none.ErrorCode, none.ErrorMessage = "other", -1, -1, 15, text("later")
		r.Coordinators = append(r.Coordinators, c, none)
		unknown(&r.UnknownTags)
		return r
	}
}

func describeCluster(controllers bool) builder {
	return func(version int16, s show) kmsg.Response {
		r := kmsg.NewPtrDescribeClusterResponse()
		r.ThrottleMillis, r.ClusterID, r.ControllerID, r.EndpointType = 3, "the-cluster", 1, 1
		if controllers {
			r.EndpointType = 2
		}
		shown(s, controllers && version >= 1, func(n node) {
			b := kmsg.NewDescribeClusterResponseBroker()
			b.NodeID, b.Host, b.Port, b.Rack, b.IsFenced = n.id, n.host, n.port, n.rack, n.id == 1
			unknown(&b.UnknownTags)
			r.Brokers = append(r.Brokers, b)
		})
		unknown(&r.UnknownTags)
		return r
	}
}

func describeQuorum(version int16, s show) kmsg.Response {
	_, _, visible := s(false, -1, "any", 1)
	r := kmsg.NewPtrDescribeQuorumResponse()
	r.ErrorMessage = text("fine")
	t := kmsg.NewDescribeQuorumResponseTopic()
	t.Topic = "__cluster_metadata"
	p := kmsg.NewDescribeQuorumResponseTopicPartition()
	p.LeaderID, p.HighWatermark = 100, 12345
	v := kmsg.NewDescribeQuorumResponseTopicPartitionReplicaState()
	v.ReplicaID, v.LogEndOffset = 100, 12345
	unknown(&v.UnknownTags)
	p.CurrentVoters = append(p.CurrentVoters, v, v)
	p.Observers = append(p.Observers, v)
	unknown(&p.UnknownTags)
	t.Partitions = append(t.Partitions, p)
	r.Topics = append(r.Topics, t)
	for id := int32(100); id < 103; id++ {
		n := kmsg.NewDescribeQuorumResponseNode()
		n.NodeID = id
		for _, name := range []string{"CONTROLLER", "SECOND"} {
			l := kmsg.NewDescribeQuorumResponseNodeListener()
			l.Name, l.Host, l.Port = name, "quorum.brokers.internal", 9093
			unknown(&l.UnknownTags)
			if visible && id != 102 {
				n.Listeners = append(n.Listeners, l)
			}
		}
		unknown(&n.UnknownTags)
		r.Nodes = append(r.Nodes, n)
	}
	unknown(&r.UnknownTags)
	return r
}

func produce(moved bool) builder {
	return func(version int16, s show) kmsg.Response {
		r := kmsg.NewPtrProduceResponse()
		r.ThrottleMillis = 3
		t := kmsg.NewProduceResponseTopic()
		t.Topic, t.TopicID[3] = "orders", 1
		for i := int32(0); i < 2; i++ {
			p := kmsg.NewProduceResponseTopicPartition()
			p.Partition, p.BaseOffset, p.ErrorMessage = i, 77, text("not a leader")
			if moved {
				p.ErrorCode, p.CurrentLeader.LeaderID, p.CurrentLeader.LeaderEpoch = 6, 1, 8
			}
			e := kmsg.NewProduceResponseTopicPartitionErrorRecord()
			e.RelativeOffset, e.ErrorMessage = 1, text("bad")
			unknown(&e.UnknownTags)
			p.ErrorRecords = append(p.ErrorRecords, e)
			unknown(&p.UnknownTags)
			t.Partitions = append(t.Partitions, p)
		}
		unknown(&t.UnknownTags)
		r.Topics = append(r.Topics, t)
		if moved {
			shown(s, false, func(n node) {
				b := kmsg.NewProduceResponseBroker()
				b.NodeID, b.Host, b.Port, b.Rack = n.id, n.host, n.port, n.rack
				unknown(&b.UnknownTags)
				r.Brokers = append(r.Brokers, b)
			})
		}
		unknown(&r.UnknownTags)
		return r
	}
}

func fetch(moved bool) builder {
	return func(version int16, s show) kmsg.Response {
		r := kmsg.NewPtrFetchResponse()
		r.ThrottleMillis, r.SessionID = 3, 1234
		t := kmsg.NewFetchResponseTopic()
		t.TopicID[3] = 1
		for i := int32(0); i < 2; i++ {
			p := kmsg.NewFetchResponseTopicPartition()
			p.Partition, p.HighWatermark, p.RecordBatches = i, 77, bytes.Repeat([]byte{0xab}, int(i)*150)
			if moved {
				p.ErrorCode, p.CurrentLeader.LeaderID, p.CurrentLeader.LeaderEpoch = 6, 1, 8
				p.DivergingEpoch.Epoch, p.SnapshotID.Epoch = 4, 4
				a := kmsg.NewFetchResponseTopicPartitionAbortedTransaction()
				a.ProducerID = 5
				unknown(&a.UnknownTags)
				p.AbortedTransactions = append(p.AbortedTransactions, a)
			}
			unknown(&p.UnknownTags)
			t.Partitions = append(t.Partitions, p)
		}
		unknown(&t.UnknownTags)
		r.Topics = append(r.Topics, t)
		if moved {
			shown(s, false, func(n node) {
				b := kmsg.NewFetchResponseBroker()
				b.NodeID, b.Host, b.Port, b.Rack = n.id, n.host, n.port, n.rack
				unknown(&b.UnknownTags)
				r.Brokers = append(r.Brokers, b)
			})
		}
		unknown(&r.UnknownTags)
		return r
	}
}

func shareFetch(version int16, s show) kmsg.Response {
	r := kmsg.NewPtrShareFetchResponse()
	r.ThrottleMillis, r.ErrorMessage, r.AcquisitionLockTimeoutMillis = 3, text("fine"), 30000
	t := kmsg.NewShareFetchResponseTopic()
	t.TopicID[3] = 1
	for i := int32(0); i < 2; i++ {
		p := kmsg.NewShareFetchResponseTopicPartition()
		p.Partition, p.Records, p.CurrentLeader.LeaderID = i, bytes.Repeat([]byte{0xab}, int(i)*150), 1
		p.AcknowledgeErrorMessage = text("late")
		a := kmsg.NewShareFetchResponseTopicPartitionAcquiredRecord()
		a.FirstOffset, a.LastOffset, a.DeliveryCount = 1, 9, 2
		unknown(&a.UnknownTags)
		p.AcquiredRecords = append(p.AcquiredRecords, a)
		unknown(&p.CurrentLeader.UnknownTags)
		unknown(&p.UnknownTags)
		t.Partitions = append(t.Partitions, p)
	}
	unknown(&t.UnknownTags)
	r.Topics = append(r.Topics, t)
	shown(s, false, func(n node) {
		b := kmsg.NewShareFetchResponseNodeEndpoint()
		b.NodeID, b.Host, b.Port, b.Rack = n.id, n.host, n.port, n.rack
		unknown(&b.UnknownTags)
		r.NodeEndpoints = append(r.NodeEndpoints, b)
	})
	unknown(&r.UnknownTags)
	return r
}

func shareAcknowledge(version int16, s show) kmsg.Response {
	r := kmsg.NewPtrShareAcknowledgeResponse()
	r.ThrottleMillis, r.ErrorMessage, r.AcquisitionLockTimeoutMillis = 3, text("fine"), 30000
	t := kmsg.NewShareAcknowledgeResponseTopic()
	t.TopicID[3] = 1
	p := kmsg.NewShareAcknowledgeResponseTopicPartition()
	p.Partition, p.CurrentLeader.LeaderID, p.ErrorMessage = 1, 1, text("moved")
	unknown(&p.UnknownTags)
	t.Partitions = append(t.Partitions, p)
	unknown(&t.UnknownTags)
	r.Topics = append(r.Topics, t)
	shown(s, false, func(n node) {
		b := kmsg.NewShareAcknowledgeResponseNodeEndpoint()
		b.NodeID, b.Host, b.Port, b.Rack = n.id, n.host, n.port, n.rack
		unknown(&b.UnknownTags)
		r.NodeEndpoints = append(r.NodeEndpoints, b)
	})
	unknown(&r.UnknownTags)
	return r
}

// offered is what a broker offers and what a client may see of it, nothing for an API that goes.
var offered = []struct{ key, lowest, highest, shown int16 }{
	{0, 0, 13, 13}, {1, 4, 99, 18}, {2, 1, 11, 11}, {3, 0, 99, 13}, {4, 0, 7, -1}, {8, 2, 99, 99}, {10, 0, 4, 4},
	{18, 0, 99, 4}, {52, 0, 2, -1}, {60, 3, 9, -1}, {68, 0, 99, 99}, {78, 1, 1, 1}, {79, 2, 9, 2}, {5000, 0, 3, -1},
}

func apiVersions(code int16) builder {
	return func(version int16, s show) kmsg.Response {
		_, _, all := s(false, -1, "any", 1)
		r := kmsg.NewPtrApiVersionsResponse()
		r.ErrorCode, r.ThrottleMillis, r.FinalizedFeaturesEpoch, r.ZkMigrationReady = code, 3, 9, true
		for _, o := range offered {
			if o.shown < 0 && !all {
				continue
			}
			k := kmsg.NewApiVersionsResponseApiKey()
			k.ApiKey, k.MinVersion, k.MaxVersion = o.key, o.lowest, o.highest
			if !all {
				k.MaxVersion = o.shown
			}
			unknown(&k.UnknownTags)
			r.ApiKeys = append(r.ApiKeys, k)
		}
		f := kmsg.NewApiVersionsResponseSupportedFeature()
		f.Name, f.MaxVersion = "metadata.version", 27
		unknown(&f.UnknownTags)
		r.SupportedFeatures = append(r.SupportedFeatures, f)
		g := kmsg.NewApiVersionsResponseFinalizedFeature()
		g.Name, g.MaxVersionLevel = "metadata.version", 27
		r.FinalizedFeatures = append(r.FinalizedFeatures, g)
		unknown(&r.UnknownTags)
		return r
	}
}

func saslHandshake(version int16, s show) kmsg.Response {
	_, _, all := s(false, -1, "any", 1)
	r := kmsg.NewPtrSASLHandshakeResponse()
	r.ErrorCode, r.SupportedMechanisms = 33, []string{"GSSAPI", "PLAIN", "AWS_MSK_IAM", "SCRAM-SHA-256"}
	if !all {
		r.SupportedMechanisms = []string{"PLAIN", "SCRAM-SHA-256"}
	}
	return r
}

func saslAuthenticate(version int16, s show) kmsg.Response {
	r := kmsg.NewPtrSASLAuthenticateResponse()
	r.ErrorCode, r.ErrorMessage, r.SASLAuthBytes = 58, text("wrong password"), []byte("token")
	r.SessionLifetimeMillis = 3600000
	unknown(&r.UnknownTags)
	return r
}

func frame(r kmsg.Response) []byte {
	b := binary.BigEndian.AppendUint32(nil, correlation)
	if r.IsFlexible() && r.Key() != 18 {
		b = append(b, 0)
	}
	return r.AppendTo(b)
}

func write(out *bufio.Writer, name string, build builder, first, last int16) {
	for v := first; v <= last; v++ {
		answer, expected := build(v, own), build(v, advertised)
		answer.SetVersion(v)
		expected.SetVersion(v)
		a, e := frame(answer), frame(expected)
		shown := hex.EncodeToString(e)
		if bytes.Equal(a, e) {
			shown = "-"
		}
		fmt.Fprintf(out, "%d %d %s %x %s\n", answer.Key(), v, name, a, shown)
	}
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	write(out, "nodes", metadata, 0, 13)
	write(out, "found", findCoordinator(nodes[1]), 0, 6)
	write(out, "beyond", findCoordinator(nodes[3]), 0, 6)
	write(out, "none", findCoordinator(node{-1, "", -1, nil}), 0, 6)
	write(out, "brokers", describeCluster(false), 0, 2)
	write(out, "controllers", describeCluster(true), 1, 2)
	write(out, "listeners", describeQuorum, 0, 2)
	write(out, "moved", produce(true), 10, 13)
	write(out, "still", produce(false), 9, 13)
	write(out, "moved", fetch(true), 16, 18)
	write(out, "still", fetch(false), 15, 18)
	write(out, "nodes", shareFetch, 0, 2)
	write(out, "nodes", shareAcknowledge, 0, 2)
	write(out, "offered", apiVersions(0), 0, 4)
	write(out, "refused", apiVersions(35), 0, 4)
	write(out, "mechanisms", saslHandshake, 0, 1)
	write(out, "failed", saslAuthenticate, 0, 2)
}
