// SPDX-License-Identifier: Apache-2.0
//
// Verify ROOT LEAF NAME: would Java's TLS take the leaf of a server of that name, if it trusts the root?

import java.io.FileInputStream;
import java.io.InputStream;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

public class Verify {
  static X509Certificate read(String path) throws Exception {
    try (InputStream file = new FileInputStream(path)) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(file);
    }
  }

  public static void main(String[] arguments) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    store.setCertificateEntry("root", read(arguments[0]));
    TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    X509ExtendedTrustManager trust = (X509ExtendedTrustManager) factory.getTrustManagers()[0];
    X509Certificate leaf = read(arguments[1]);
    trust.checkServerTrusted(new X509Certificate[] {leaf}, "ECDHE_ECDSA");
    for (var entry : leaf.getSubjectAlternativeNames()) {
      if (arguments[2].equals(entry.get(1))) {
        return;
      }
    }
    throw new Exception("another name");
  }
}
