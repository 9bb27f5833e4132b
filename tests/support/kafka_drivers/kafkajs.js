// kafkajs, found by NODE_PATH: one job as JSON on the standard input, its result as JSON on the standard output.
// Bytes are written as Latin-1 text.
'use strict'
const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = require('kafkajs')
CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy')

const data = text => (text === null || text === undefined ? null : Buffer.from(text, 'latin1'))
const text = bytes => (bytes === null || bytes === undefined ? null : bytes.toString('latin1'))
const compressions = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy }

const headersOf = record => {
  const found = {}
  for (const [name, value] of record.headers || []) (found[name] ||= []).push(data(value))
  return found
}

async function produce(kafka, job) {
  const producer = kafka.producer(job.producer)
  await producer.connect()
  const results = await producer.send({
    topic: job.topic, acks: job.acks, compression: compressions[job.compression],
    messages: job.records.map(record => ({
      key: data(record.key), value: data(record.value), partition: record.partition, headers: headersOf(record)
    }))
  })
  await producer.disconnect()
  return { results: results.map(each => ({ partition: each.partition, offset: Number(each.baseOffset) })) }
}

async function consume(kafka, job) {
  const consumer = kafka.consumer({ maxWaitTimeInMs: 200, ...job.consumer })
  const records = []
  await consumer.connect()
  await consumer.subscribe({ topic: job.topic, fromBeginning: true })
  await new Promise(done => {
    setTimeout(done, job.seconds * 1000)
    const take = async ({ partition, message }) => {
      const headers = Object.entries(message.headers || {}).flatMap(([name, value]) => [value].flat().map(each => [name, text(each)]))
      records.push({ partition, offset: Number(message.offset), key: text(message.key), value: text(message.value), headers })
      if (records.length >= job.count) done()
    }
    consumer.run({ autoCommit: Boolean(job.commit), eachMessage: take })
  })
  await consumer.disconnect()
  return { records, errors: [] }
}

async function metadata(kafka) {
  const admin = kafka.admin()
  await admin.connect()
  const found = await admin.describeCluster()
  await admin.disconnect()
  return { brokers: Object.fromEntries(found.brokers.map(each => [each.nodeId, [each.host, each.port]])) }
}

async function main() {
  const job = { seconds: 30, ...JSON.parse(require('fs').readFileSync(0, 'utf8')) }
  const kafka = new Kafka({ logLevel: logLevel.ERROR, logCreator: () => entry => console.error(entry.label, entry.log.message), ...job.config })
  const result = await { produce, consume, metadata }[job.do](kafka, job)
  process.stdout.write(JSON.stringify(result) + '\n', () => process.exit(0)) // timers of the time limit may still run
}

main().catch(error => { console.error(error); process.exit(1) })
