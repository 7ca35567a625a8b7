// A FIX client made of jspurefix, driven from outside: a session description in argv[2], one JSON
// command a line on stdin, one JSON line on stdout for everything that happens.
//   {"say": "R", "object": {...}}   {"ask": [begin, end]}   {"done": true}
'use strict'

require('reflect-metadata')
const { AsciiSession, SessionLauncher, MsgType, WinstonLogger, JsFixWinstonLogFactory } = require('jspurefix')

const { FixMsgStoreRecord } = require('jspurefix/dist/store')

const tell = (what) => process.stdout.write(JSON.stringify(what) + '\n')
const description = JSON.parse(process.argv[2])
let session = null

class Client extends AsciiSession {
  constructor (config) {
    super(config)
    session = this
  }

  // What ResendRequests are answered from: the engine fills it with nothing by itself.
  says (kind, object) {
    this.send(kind, object, (error, result) => {
      if (error) return tell({ event: 'unsaid', why: error.message })
      this.store.put(new FixMsgStoreRecord(kind, new Date(), result.header.MsgSeqNum, object))
    })
  }

  onReady () { tell({ event: 'ready' }) }
  onStopped (error) { tell({ event: 'stopped', why: error ? error.message : '' }) }
  onLogon () { return true }
  onApplicationMsg (kind, view) { tell({ event: 'heard', kind, object: view.toObject() }) }
  onDecoded (kind, text) { tell({ event: 'in', kind, text }) }
  onEncoded (kind, text) { tell({ event: 'out', kind, text }) }
}

class Launcher extends SessionLauncher {
  constructor () {
    super(description, null, new JsFixWinstonLogFactory(WinstonLogger.consoleOptions('error')))
  }

  makeFactory () { return { makeSession: (config) => new Client(config) } }
}

const launcher = new Launcher()
launcher.run()
  .then(() => { tell({ event: 'ended' }); process.exit(0) })
  .catch((error) => { tell({ event: 'failed', why: error.message }); process.exit(1) })

const dated = (name, value) =>
  /Time$/.test(name) && typeof value === 'string' ? new Date(value) : value

require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line, dated)
  if (command.done) {
    session.done()
    setTimeout(() => launcher.stop(), 1000)
  } else if (command.ask) {
    const [BeginSeqNo, EndSeqNo] = command.ask
    session.send(MsgType.ResendRequest, { BeginSeqNo, EndSeqNo })
  } else {
    session.says(command.say, command.object)
  }
})
