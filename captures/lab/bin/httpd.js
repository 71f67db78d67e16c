// node httpd.js PORT: a plain HTTP server
require('http').createServer((request, response) => response.end('hello\n')).listen(Number(process.argv[2]));
