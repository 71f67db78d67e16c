// node client.js HOST PORT CA VERSION: one line to a TLS server, one line back
const tls = require('tls');
const [host, port, ca, version] = process.argv.slice(2);
const socket = tls.connect({
  host, port: Number(port), ca: require('fs').readFileSync(ca), servername: 'ems.corp.example',
  minVersion: version, maxVersion: version,
}, () => socket.write('hello\n'));
socket.on('data', (data) => { console.log(String(data)); socket.end(); });
socket.on('error', (why) => console.log(why.code));
