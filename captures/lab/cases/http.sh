# shellcheck shell=bash disable=SC2034,SC2086
# Plain HTTP: the errors a server or gateway states, pages of filters and guest networks, and logins that work.

web() { up; serve 80 bin/nginxd "server { listen 80; $1 }"; record client; }
get() { local p=$1; shift; port $p; c curl -sS "$@"; }
status() { # status ID CODE OWNER CAUSE [EXIT]
    must 1 "http.response.code==$2"; args --scope all
    primary $ME:50080 $EMS:80 $1 $3 certain $4; exits ${5:-1}
    frames $1 'tcp.srcport==80 && tcp.len>0' 1; absent tcp tls proxy
}
page() { # page CODE: nginx says CODE to one GET
    TITLE="The server answers with HTTP $1."; BROKEN="nginx is told to return $1"; TRUTH="The status line says $1 and nothing better follows."
    web "location / { return $1; }"; get 50080 http://$EMS/api/v1/system; stop
}
case_http_401() {
    page 401; status app.http.401 401 client probable
}
case_http_403() {
    page 403; status app.http.403 403 server possible
}
case_http_500() {
    page 500; status app.http.500 500 server possible
}
case_http_503() {
    page 503; status app.http.503 503 server possible
}
case_http_404() {
    page 404; status app.http.other 404 server possible 0
}
case_http_502() {
    TITLE='A reverse proxy cannot reach the service behind it.'
    BROKEN='nginx passes requests to port 9, where nobody listens'; TRUTH='nginx answers 502; no Via field, no CONNECT.'
    web 'location / { proxy_pass http://127.0.0.1:9; }'; get 50080 http://$EMS/; stop
    status app.http.502 502 server probable
}
case_http_504() {
    TITLE='A reverse proxy gets no answer from the service behind it.'
    BROKEN='nginx waits two seconds for a service that reads and says nothing'; TRUTH='nginx answers 504.'
    up; serve 9 bin/tcpd.py 9 mute
    serve 80 bin/nginxd 'server { listen 80; location / { proxy_pass http://127.0.0.1:9; proxy_read_timeout 2s; } }'
    record client; get 50080 http://$EMS/; stop
    status app.http.504 504 proxy probable
}
case_http_block_page() {
    TITLE='A filter shows its block page in place of the server.'
    BROKEN='a small server with the title that FortiGate web filter pages have; its octets follow RFC 9112'
    TRUTH='403 with a page that says "Web Page Blocked".'
    up; serve 80 bin/nginxd 'server { listen 80; default_type text/html; location / { return 403 "<html><head><title>Web Filter Violation</title></head><body><h1>Web Page Blocked!</h1></body></html>"; } }'
    record client; get 50080 http://$EMS/; stop
    must 1 'http.response.code==403'; args --scope all
    primary $ME:50080 $EMS:80 tls.intercept.block_page middlebox probable possible; exits 1; absent tcp app
}
case_tls_block_page() {
    TITLE='A ClientHello is answered with a block page in plain text.'
    BROKEN='a small server that answers as a filter would; its octets follow RFC 9112'
    TRUTH='403 with a page that says "Web Page Blocked", in answer to a ClientHello on 8013.'
    up; serve 8013 bin/tcpd.py 8013 answer 'HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 71\r\nConnection: close\r\n\r\n<html><title>Web Page Blocked!</title><h1>Web Page Blocked!</h1></html>'
    record client; port 50001; c curl -sS --max-time 5 https://$EMS:8013/; stop
    primary $ME:50001 $EMS:8013 tls.intercept.block_page middlebox probable possible; exits 1; absent tcp app
}
case_tls_captive_portal() {
    TITLE='A ClientHello is answered with a redirection to a sign-in page.'
    BROKEN='a small server that answers as a guest network would; its octets follow RFC 9112'
    TRUTH='302 to another host, in plain text, in answer to a ClientHello on 8013.'
    up; serve 8013 bin/tcpd.py 8013 answer 'HTTP/1.1 302 Found\r\nLocation: http://login.guest.example/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
    record client; port 50001; c curl -sS --max-time 5 https://$EMS:8013/; stop
    primary $ME:50001 $EMS:8013 tls.intercept.captive_portal network probable possible; exits 1; absent tcp app
}
case_http_511() {
    TITLE='The network asks to sign in first (HTTP 511).'
    BROKEN='nginx answers with 511, as RFC 6585 section 6 tells a guest network to'; TRUTH='The status line says 511.'
    web 'location / { return 511; }'; get 50080 http://$EMS/; stop
    must 1 'http.response.code==511'; args --scope all
    primary $ME:50080 $EMS:80 tls.intercept.captive_portal network probable possible; exits 1; absent tcp app
}
case_ok_http_login() {
    TITLE='The server asks for a login and gets one.'
    TRUTH='401, then the same request with credentials and 200, on one connection and on a second one.'
    printf 'user:{PLAIN}secret\n' >/tmp/lab-users.$$
    up; serve 80 bin/nginxd "server { listen 80; location / { auth_basic corp; auth_basic_user_file /tmp/lab-users.$$; try_files /none @ok; } location @ok { return 200 yes; } }"
    record client
    get 50080 --anyauth -u user:secret http://$EMS/
    get 50081 http://$EMS/; get 50082 -u user:secret http://$EMS/
    stop; rm -f /tmp/lab-users.$$
    must 2 'http.response.code==401'; must 2 'http.response.code==200'; args --scope all
    primary $ME:50080 $EMS:80 ok.tcp.no_tls none certain -; primary $ME:50081 $EMS:80 ok.tcp.no_tls none certain -; healthy; absent app proxy
}
case_ok_http() {
    TITLE='Ordinary pages: one with its length, one in chunks, one redirected, one that was not modified, a HEAD.'
    TRUTH='200, 301, 304: nothing fails.'
    up; serve 80 bin/nginxd 'server { listen 80; chunked_transfer_encoding on; location / { return 200 "a page"; } location /old { return 301 /new; } location /same { return 304; } }'
    record client
    get 50080 http://$EMS/ http://$EMS/old http://$EMS/same http://$EMS/; get 50081 -I http://$EMS/
    stop; args --scope all
    primary $ME:50080 $EMS:80 ok.tcp.no_tls none certain -; primary $ME:50081 $EMS:80 ok.tcp.no_tls none certain -; healthy; absent app proxy
}
