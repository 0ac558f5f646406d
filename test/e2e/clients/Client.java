// SPDX-License-Identifier: Apache-2.0
//
// Client URL: a GET and a POST with java.net.http.HttpClient; key from $KEY_ONE.
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

public class Client {
  public static void main(String[] arguments) throws Exception {
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).proxy(ProxySelector.getDefault()).build();
    String key = "Bearer " + System.getenv("KEY_ONE");
    for (HttpRequest request : new HttpRequest[] {
        HttpRequest.newBuilder(URI.create(arguments[0] + "/get?a=1&b=%20")).header("Authorization", key).build(),
        HttpRequest.newBuilder(URI.create(arguments[0] + "/post")).header("Authorization", key)
            .POST(HttpRequest.BodyPublishers.ofString("{\"question\":\"ping\"}")).build()}) {
      HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
      System.out.println(answer.statusCode() + " " + answer.body());
    }
  }
}
