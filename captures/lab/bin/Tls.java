// Tls client|server HOST PORT KEYSTORE|- TRUSTSTORE VERSION [ask]: TLS by Java's JSSE, one line each way.
import java.io.*;
import java.net.*;
import java.security.*;
import javax.net.ssl.*;

public class Tls {
    static KeyStore load(String path) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = new FileInputStream(path)) {
            store.load(in, "changeit".toCharArray());
        }
        return store;
    }

    public static void main(String[] a) throws Exception {
        int port = Integer.parseInt(a[2]);
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        if (!a[3].equals("-")) keys.init(load(a[3]), "changeit".toCharArray());
        trust.init(load(a[4]));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(a[3].equals("-") ? null : keys.getKeyManagers(), trust.getTrustManagers(), null);
        if (a[0].equals("server")) {
            SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(port, 16,
                a[1].equals("-") ? null : InetAddress.getByName(a[1]));
            listener.setEnabledProtocols(a[5].split(","));
            listener.setNeedClientAuth(a.length > 6);
            while (true) {
                try (SSLSocket socket = (SSLSocket) listener.accept()) {
                    talk(socket, false);
                } catch (IOException why) {
                    System.out.println(why);
                }
            }
        }
        Socket plain = new Socket(a[1], port);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(plain, "ems.corp.example", port, true)) {
            socket.setEnabledProtocols(new String[] {a[5]});
            SSLParameters check = socket.getSSLParameters();
            check.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(check);
            talk(socket, true);
        } catch (IOException why) {
            System.out.println(why);
        }
    }

    static void talk(SSLSocket socket, boolean first) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream()));
        OutputStream out = socket.getOutputStream();
        socket.startHandshake();
        String say = System.getenv().getOrDefault("LINE", "hello\n");
        if (first && say.isEmpty()) return;
        if (first) out.write(say.getBytes());
        String line = in.readLine();
        System.out.println(line);
        if (!first && line != null) {
            out.write((line + "\n").getBytes());
            in.readLine();
        }
    }
}
