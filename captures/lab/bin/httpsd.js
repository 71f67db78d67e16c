// httpsd.js ADDRESS PORT CERT [CA]: an HTTPS server; with CA it insists on a client certificate of that authority
const [address, port, cert, ca] = process.argv.slice(2);
const read = (path) => require('fs').readFileSync(path);
require('https').createServer({
  cert: read(cert + '.pem'), key: read(cert + '.key'), ...(ca && { ca: read(ca), requestCert: true, rejectUnauthorized: true }),
}, (request, response) => response.end('hello\n')).listen(Number(port), address);
