// gotls client|server ADDRESS [options]: TLS by Go's crypto/tls.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	what, address := os.Args[1], os.Args[2]
	f := flag.NewFlagSet("gotls", flag.ExitOnError)
	name := f.String("name", "ems.corp.example", "server name")
	ca := f.String("ca", "", "authority to trust")
	cert := f.String("cert", "", "certificate without .pem")
	version := f.String("tls", "1.3", "1.2 or 1.3")
	ask := f.Bool("ask", false, "server: insist on a client certificate of -ca")
	alpn := f.String("alpn", "", "protocols")
	half := f.Bool("half", false, "client: close the sending side after the request")
	web := f.Bool("http", false, "server: HTTP inside TLS")
	lost := f.Bool("lost", false, "server: has lost its configuration")
	f.Parse(os.Args[3:])

	config := &tls.Config{ServerName: *name, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13}
	if *version == "1.2" {
		config.MaxVersion = tls.VersionTLS12
	}
	if path := os.Getenv("SSLKEYLOGFILE"); path != "" {
		keys, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		check(err)
		config.KeyLogWriter = keys
	}
	if *alpn != "" {
		config.NextProtos = strings.Split(*alpn, ",")
	}
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert+".pem", *cert+".key")
		check(err)
		config.Certificates = []tls.Certificate{pair}
	}
	if *ca != "" {
		pem, err := os.ReadFile(*ca)
		check(err)
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(pem)
		config.ClientCAs = config.RootCAs
	}
	if what == "server" {
		if *ask {
			config.ClientAuth = tls.RequireAndVerifyClientCert
		}
		if *lost {
			config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
				return nil, os.ErrNotExist
			}
		}
		if *web {
			check((&http.Server{Addr: address, TLSConfig: config}).ListenAndServeTLS("", ""))
		}
		listener, err := net.Listen("tcp", address)
		check(err)
		for {
			conn, err := listener.Accept()
			check(err)
			go serve(tls.Server(conn, config))
		}
	}
	conn, err := tls.Dial("tcp", address, config)
	check(err)
	text, set := os.LookupEnv("LINE")
	if !set {
		text = "hello\n"
	}
	if text == "" {
		conn.Close()
		return
	}
	fmt.Fprint(conn, text)
	if *half {
		conn.CloseWrite()
		conn.NetConn().(*net.TCPConn).CloseWrite()
		io.Copy(os.Stdout, conn)
	} else {
		line, err := bufio.NewReader(conn).ReadString('\n')
		fmt.Println(line, err)
	}
	conn.Close()
}

func serve(conn *tls.Conn) {
	defer conn.Close()
	lines := bufio.NewReader(conn)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			fmt.Println(err)
			return
		}
		for n := 0; n < 3; n++ {
			fmt.Fprintf(conn, "%d %s", n, line)
			time.Sleep(300 * time.Millisecond)
		}
	}
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
