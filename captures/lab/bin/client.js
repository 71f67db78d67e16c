// node client.js HOST PORT CA VERSION [CERT]: one line (LINE of the environment) to a TLS server, one line back
const tls = require('tls');
const [host, port, ca, version, cert] = process.argv.slice(2);
const line = process.env.LINE ?? 'hello\n';
const socket = tls.connect({
  host, port: Number(port), ca: require('fs').readFileSync(ca), servername: 'ems.corp.example',
  minVersion: version, maxVersion: version,
  ...(cert && { cert: require('fs').readFileSync(cert + '.pem'), key: require('fs').readFileSync(cert + '.key') }),
}, () => { if (line) socket.write(line); else socket.end(); });
socket.on('data', (data) => { console.log(String(data)); socket.end(); });
socket.on('error', (why) => console.log(why.code));
