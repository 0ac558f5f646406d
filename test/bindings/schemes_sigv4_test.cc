// SPDX-License-Identifier: Apache-2.0
//
// The scheme `sigv4` (bindings/schemes/sigv4.cc): from what a throw-away pair signed to AWS's
// published signatures.
#include <map>

#include <catch2/catch.hpp>

#include "bindings/schemes.h"
#include "bindings/schemes/sigv4_hosts.h"
#include "bindings/signer.h"
#include "proxy/base/buffer.h"
#include "test/bindings/signatures/aws_vectors.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

namespace aws = sigv4::test;

const std::string kId = "AKIAPLACEHOLDER22222";
const std::string kRealId = "AKIAIOSFODNN7EXAMPLE";
const std::string kHost = "examplebucket.s3.amazonaws.com";
constexpr std::int64_t kNow = 1'369'353'600'000'000;  // 2013-05-24T00:00:00Z
constexpr std::int64_t kSecond = 1'000'000;

// The throw-away pair's signatures: of computed vectors, or computed with Python's hmac.
const std::string kFakeGet = "88b3fd50dc69ebc9e7f537e0a581059373e4b4ea35bf61bb63bbf61a10c074b9";
const std::string kPublishedGet =
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";

std::string inject_of(const std::string& more = "") {
  return "{ type: sigv4, access_key_id: ID, secret_access_key: SECRET, placeholder_secret: " +
         aws::kFakeSecret + more + " }";
}

std::string yaml_of(const std::string& inject,
                    const std::string& placeholder = kId,
                    const std::string& host = kHost) {
  return test::one_secret("    placeholder: " + placeholder + "\n    inject: " + inject +
                          "\n    bindings: [ { host: " + host + " } ]\n");
}

Bindings with(const std::string& more = "") {
  return test::accepted(yaml_of(inject_of(more)));
}

std::string authorization(const std::string& names,
                          const std::string& signature,
                          const std::string& scope = "20130524/us-east-1/s3/aws4_request",
                          const std::string& id = kId) {
  return "AWS4-HMAC-SHA256 Credential=" + id + "/" + scope + ", SignedHeaders=" + names +
         ", Signature=" + signature;
}

const std::string kGetNames = "host;range;x-amz-content-sha256;x-amz-date";

struct Request {
  std::string method = "GET";
  std::string target = "/test.txt";
  std::string host = kHost;
  std::vector<std::pair<std::string, std::string>> fields = {
      {"Host", kHost},
      {"Range", "bytes=0-9"},
      {"x-amz-content-sha256", aws::kNothing},
      {"x-amz-date", aws::kS3Time},
      {"Authorization", authorization(kGetNames, kFakeGet)}};
  std::string body;
  std::int64_t now_us = kNow;

  Request& set(const std::string& name, const std::string& value) {
    for (auto& field : fields) {
      if (field.first == name) {
        field.second = value;
        return *this;
      }
    }
    fields.emplace_back(name, value);
    return *this;
  }
};

struct Outcome {
  std::map<std::string, std::string> fields;  // a test's values are not secret
  std::vector<std::string> removed;
  std::string target;
};

class Asked {
 public:
  explicit Asked(Request request) : request_(std::move(request)) {
    REQUIRE(vault::lock_memory());  // the throw-away pair's key is made as the real one's is
    for (const auto& [name, value] : request_.fields) {
      fields_.add(name, value);
    }
  }

  [[nodiscard]] WholeRequest whole() const {
    return {request_.method,
            request_.target,
            request_.host,
            fields_,
            request_.body,
            443,
            request_.now_us};
  }

  [[nodiscard]] Judgement judge(const Bindings& bindings) const {
    return bindings.rules[0].signer()->judge(whole(), bindings.rules[0].scopes[0]);
  }

  [[nodiscard]] std::optional<SignerRefusal> refusal(const Bindings& bindings) const {
    return judge(bindings).refusal;
  }

  [[nodiscard]] BodyUse body_use(const Bindings& bindings) const {
    return bindings.rules[0].signer()->body_use(whole());
  }

  [[nodiscard]] Outcome sign(const Bindings& bindings,
                             const std::vector<std::string>& values,
                             std::int64_t now_us = kNow) const {
    std::vector<vault::Secret> secrets;
    for (const auto& value : values) {
      secrets.push_back(test::secret_of(value));
    }
    REQUIRE_FALSE(refusal(bindings).has_value());
    Edits edits;
    REQUIRE(bindings.rules[0].signer()->sign(whole(), {secrets, now_us, 0}, edits));
    Outcome outcome;
    for (const Edit& edit : edits) {
      if (const auto* const set = std::get_if<FieldEdit>(&edit)) {
        outcome.fields.emplace(set->name, test::text_of(set->value));
      } else if (const auto* const removed = std::get_if<FieldRemoval>(&edit)) {
        outcome.removed.emplace_back(removed->name);
      }
    }
    const auto* const target = edits.find<TargetEdit>();
    outcome.target = target == nullptr ? "" : test::text_of(target->value);
    return outcome;
  }

 private:
  Request request_;
  http::HeaderList fields_;
};

const std::vector<std::string> kPair = {kRealId, aws::kS3Secret};
const std::vector<std::string> kPairWithToken = {kRealId, aws::kS3Secret, "the/token+1=="};

// The throw-away pair's, of the plain URL.
const std::string kFakeUrl = "d3081728df8df810d9db4f6487a1e3520ed7a637ee221e784147eed36ded1422";

Request presigned(const std::string& more = "", const std::string& signature = kFakeUrl) {
  Request request;
  request.target = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + kId +
                   "%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&"
                   "X-Amz-Expires=86400&X-Amz-SignedHeaders=host" +
                   more + "&X-Amz-Signature=" + signature;
  request.fields = {{"Host", kHost}};
  return request;
}

Request sts() {
  Request request;
  request.method = "POST";
  request.target = "/";
  request.host = "sts.us-east-1.amazonaws.com";
  request.body = "Action=GetCallerIdentity&Version=2011-06-15";
  request.fields = {
      {"Host", request.host},
      {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
      {"X-Amz-Date", aws::kS3Time},
      {"Authorization",
       authorization("content-type;host;x-amz-date",
                     "80697b328ef4932c84ae5a5235a8024315ba605c4779d0d63c211dfe96ec4266",
                     "20130524/us-east-1/sts/aws4_request")}};
  return request;
}

}  // namespace

TEST_CASE("L28 what a throw-away pair signed leaves with S3's published signature") {
  const auto outcome = Asked({}).sign(with(), kPair);
  CHECK(
      outcome.fields ==
      std::map<std::string, std::string>{
          {"authorization",
           authorization(kGetNames, kPublishedGet, "20130524/us-east-1/s3/aws4_request", kRealId)},
          {"x-amz-date", aws::kS3Time}});
  CHECK(outcome.target.empty());
}

TEST_CASE("the time is the proxy's") {
  const auto outcome = Asked({}).sign(with(), kPair, kNow + 62 * kSecond);
  CHECK(outcome.fields.at("x-amz-date") == "20130524T000102Z");
  CHECK(outcome.fields.at("authorization")
            .ends_with("cc5c4442dbe8a29967c23aafec6498cd97650dddfb3df336b2ce44401bac0e17"));
}

TEST_CASE("L29 the pair's token is added and signed; a client's goes where the pair has none") {
  const auto added = Asked({}).sign(with(", session_token: TOKEN"), kPairWithToken);
  CHECK(added.fields.at("x-amz-security-token") == "the/token+1==");
  CHECK(added.fields.at("authorization")
            .ends_with("host;range;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature="
                       "02333ba8ff3b834cf44501d6796f623c2be6127cb06494f859c68643b44f3a64"));
  Request sent;
  sent.set("X-Amz-Security-Token", "theirs");
  sent.set("Authorization",
           authorization(kGetNames + ";x-amz-security-token",
                         "a6f1fc33df566943b485b40d85ca1c70b8568c152786d3f8c6cec8b645ad5170"));
  const auto gone = Asked(sent).sign(with(), kPair);
  CHECK(gone.removed == std::vector<std::string>{"x-amz-security-token"});
  CHECK(gone.fields.at("authorization").ends_with(kGetNames + ", Signature=" + kPublishedGet));
  const auto replaced = Asked(sent).sign(with(", session_token: TOKEN"), kPairWithToken);
  CHECK(replaced.fields.at("authorization") == added.fields.at("authorization"));
}

TEST_CASE("a presigned URL gets S3's published signature, and keeps its time") {
  const Asked asked(presigned());
  CHECK(asked.body_use(with()) == BodyUse::untouched);
  const auto outcome = asked.sign(with(), kPair, kNow + 3600 * kSecond);
  CHECK(outcome.fields.empty());
  CHECK(outcome.target ==
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20130524T000000Z&"
        "X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F"
        "20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature="
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
  const auto token = asked.sign(with(", session_token: TOKEN"), kPairWithToken);
  CHECK(
      token.target.ends_with("&X-Amz-Security-Token=the%2Ftoken%2B1%3D%3D&X-Amz-Signature="
                             "8526515b37a77484c44f63c08eb00a54e25f71011ca19eaf157b0a8265d19378"));
}

TEST_CASE("L29 a presigned URL's own token goes: the pair's stands there, or none") {
  const Asked asked(presigned("&X-Amz-Security-Token=theirs%2F1%3D",
                              "a8773ee7f4f3806d4d71ea754b0ee33f92ce346c734756633249902f3ea1eaaf"));
  const Asked plain(presigned());
  const auto with_token = with(", session_token: TOKEN");
  CHECK(asked.sign(with(), kPair).target == plain.sign(with(), kPair).target);
  CHECK(asked.sign(with_token, kPairWithToken).target ==
        plain.sign(with_token, kPairWithToken).target);
  // The client signed its token, too.
  CHECK(Asked(presigned("&X-Amz-Security-Token=another")).refusal(with_token) ==
        SignerRefusal::malformed_request);
}

TEST_CASE("a presigned URL is good for as long as it says, and a signature for five minutes") {
  auto late = presigned();
  late.now_us = kNow + 86'400 * kSecond;
  CHECK_FALSE(Asked(late).refusal(with()));
  late.now_us += kSecond;
  CHECK(Asked(late).refusal(with()) == SignerRefusal::malformed_request);
  for (const std::int64_t seconds : {-300, 300}) {
    Request request;
    request.now_us = kNow + seconds * kSecond;
    CHECK_FALSE(Asked(request).refusal(with()));
    request.now_us += seconds < 0 ? -kSecond : kSecond;
    CHECK(Asked(request).refusal(with()) == SignerRefusal::malformed_request);
  }
}

TEST_CASE("for other services the body is hashed, as the client did") {
  const auto bindings = test::accepted(yaml_of(inject_of(), kId, sts().host));
  const Asked asked(sts());
  CHECK(asked.body_use(bindings) == BodyUse::whole);
  CHECK(asked.sign(bindings, kPair)
            .fields.at("authorization")
            .ends_with("5060a6aac8d74d9a10ff06986d367d744e811e6087eeef02e61e1eeaaf933f82"));
  auto changed = sts();
  changed.body += "&More=1";
  CHECK(Asked(changed).refusal(bindings) == SignerRefusal::malformed_request);
}

TEST_CASE("a request that is not the one that was signed is refused, unless nobody asks", "[I9]") {
  std::vector<Request> forged(5);
  forged[0].target = "/other.txt";
  forged[1].method = "DELETE";
  forged[2].set("Range", "bytes=0-99");
  forged[3].set("Authorization", authorization(kGetNames, kPublishedGet));
  forged[4].target = "/test.txt?acl";
  for (const auto& request : forged) {
    INFO(request.method << " " << request.target);
    CHECK(Asked(request).refusal(with()) == SignerRefusal::malformed_request);
    const auto warned = Asked(request).judge(with(", proof: warn"));
    CHECK_FALSE(warned.refusal.has_value());
    CHECK(warned.is_unproven);
    const auto off = Asked(request).judge(with(", proof: off"));
    CHECK_FALSE(off.refusal.has_value());
    CHECK_FALSE(off.is_unproven);
  }
  CHECK_FALSE(Asked({}).judge(with(", proof: warn")).is_unproven);
}

TEST_CASE("L30 a field of x-amz-* that the client did not sign is refused, and `host` is signed",
          "[I15]") {
  const auto off = with(", proof: off");
  Request more;
  more.set("x-amz-acl", "public-read");
  CHECK(Asked(more).refusal(off) == SignerRefusal::malformed_request);
  Request twice;
  twice.fields.emplace_back("X-Amz-Date", aws::kS3Time);
  CHECK(Asked(twice).refusal(off) == SignerRefusal::malformed_request);
  Request no_host;
  no_host.set("Authorization", authorization("range;x-amz-content-sha256;x-amz-date", kFakeGet));
  CHECK(Asked(no_host).refusal(off) == SignerRefusal::malformed_request);
  Request both;
  both.target = presigned().target;
  CHECK(Asked(both).refusal(off) == SignerRefusal::malformed_request);
  Request plus;
  plus.target = "/test.txt?a=b+c";
  CHECK(Asked(plus).refusal(off) == SignerRefusal::malformed_request);
}

TEST_CASE("what is signed arrives: nothing takes it away, and no name is without its field",
          "[I9][I15]") {
  const auto off = with(", proof: off");
  for (const auto* const option : {"X-Amz-Date", "close, authorization", "range", "x-amz-other"}) {
    INFO(option);
    Request request;
    request.set("Connection", option);
    CHECK(Asked(request).refusal(off) == SignerRefusal::malformed_request);
  }
  Request kept;
  kept.set("Connection", "keep-alive");
  CHECK_FALSE(Asked(kept).refusal(off));
  Request many;
  many.set("Authorization", authorization("a;b;c;d;" + kGetNames, kFakeGet));
  CHECK(Asked(many).refusal(off) == SignerRefusal::malformed_request);

  auto url = presigned();
  url.target.replace(url.target.find("SignedHeaders=host"), 18, "SignedHeaders=host%3Bx-amz-date");
  CHECK(Asked(url).refusal(off) == SignerRefusal::malformed_request);
  url.set("X-Amz-Date", aws::kS3Time);
  CHECK_FALSE(Asked(url).refusal(off));
  CHECK(Asked(url).sign(off, kPair).fields.empty());
  auto token = presigned();
  const std::string names = "SignedHeaders=host%3Bx-amz-security-token";
  token.target.replace(token.target.find("SignedHeaders=host"), 18, names);
  token.set("X-Amz-Security-Token", "theirs");
  CHECK(Asked(token).refusal(off) == SignerRefusal::malformed_request);
  auto hop = presigned();
  hop.target.replace(hop.target.find("SignedHeaders=host"), 18, "SignedHeaders=host%3Bte");
  hop.set("TE", "trailers");
  CHECK(Asked(hop).refusal(off) == SignerRefusal::malformed_request);
}

TEST_CASE("a form that is not signed here is told from what is not well made") {
  Request events;
  events.set("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-EVENTS");
  CHECK(Asked(events).refusal(with()) == SignerRefusal::signature_form_not_supported);
  Request other;
  other.set("Authorization", "AWS4-X509-RSA-SHA256 Credential=" + kId + "/x");
  CHECK(Asked(other).refusal(with()) == SignerRefusal::signature_form_not_supported);
  Request odd;
  odd.set("x-amz-content-sha256", "none");
  CHECK(Asked(odd).refusal(with()) == SignerRefusal::malformed_request);
}

TEST_CASE("it is signed for the region and the service of the host, or for those that are listed",
          "[I3]") {
  const auto off = with(", proof: off");
  const auto at = [](const std::string& scope) {
    Request request;
    request.set("Authorization", authorization(kGetNames, kFakeGet, scope));
    return Asked(request);
  };
  CHECK_FALSE(at("20130524/us-east-1/s3/aws4_request").refusal(off));
  CHECK_FALSE(at("20130524/eu-west-1/s3/aws4_request").refusal(off));
  CHECK(
      at("20130524/eu-west-1/s3/aws4_request").refusal(with(", proof: off, regions: us-east-1")) ==
      SignerRefusal::endpoint_blocked);
  CHECK(at("20130524/us-east-1/iam/aws4_request").refusal(off) == SignerRefusal::endpoint_blocked);
  const auto listed = with(", proof: off, regions: \"eu-west-1, auto\", services: iam");
  CHECK_FALSE(at("20130524/eu-west-1/iam/aws4_request").refusal(listed));
  CHECK(at("20130524/us-east-1/iam/aws4_request").refusal(listed) ==
        SignerRefusal::endpoint_blocked);
  CHECK(at("20130524/auto/s3/aws4_request").refusal(listed) == SignerRefusal::endpoint_blocked);
}

TEST_CASE("a copy reads nothing that the binding does not name", "[I3]") {
  const auto refusal = [](const std::string& host, const std::string& more, const Request& asked) {
    auto request = asked;
    request.host = host;
    request.set("Host", host);
    const auto bindings = test::accepted(test::one_secret(
        "    placeholder: " + kId +
        "\n    inject: " + inject_of(", proof: off, regions: us-east-1, services: s3") +
        "\n    bindings: [ { host: " + host + more + " } ]\n"));
    return Asked(request).refusal(bindings);
  };
  Request in_field;
  in_field.set("X-Amz-Copy-Source", "/other/secret");
  in_field.set(
      "Authorization",
      authorization("host;range;x-amz-content-sha256;x-amz-copy-source;x-amz-date", kFakeGet));
  Request in_query;
  in_query.target = "/test.txt?X-amz-copy%2Dsource=%2Fother%2Fsecret";
  const std::string path_style = "s3.us-east-1.amazonaws.com";
  for (const auto& request : {in_field, in_query}) {
    CHECK_FALSE(refusal(path_style, "", request));
    CHECK_FALSE(refusal(path_style, ", methods: [GET, PUT]", request));
    CHECK_FALSE(refusal("store.example.com", "", request));
    const auto blocked = SignerRefusal::endpoint_blocked;
    CHECK(refusal(path_style, ", paths: [/test.txt]", request) == blocked);
    CHECK(refusal(path_style, ", methods: [PUT]", request) == blocked);
    CHECK(refusal(kHost, "", request) == blocked);
    CHECK(refusal("s3-data.s3.us-east-1.amazonaws.com", "", request) == blocked);
  }
  auto renamed = in_query;
  renamed.target = "/test.txt?x-amz-rename-source=other";
  CHECK_FALSE(refusal(kHost, "", renamed));
  CHECK(refusal(kHost, ", paths: [/test.txt]", renamed) == SignerRefusal::endpoint_blocked);
}

TEST_CASE("what the names of AWS's hosts say") {
  struct Row {
    std::string host;
    std::string region;
    std::string service;
  };

  const std::vector<Row> rows = {
      {"bucket.s3.eu-central-1.amazonaws.com", "eu-central-1", "s3"},
      {"sqs.eu-west-1.api.aws", "eu-west-1", "sqs"},
      {"abc.lambda-url.eu-west-1.on.aws", "eu-west-1", "lambda"},
      {"bucket.s3-us-west-2.amazonaws.com", "us-west-2", "s3"},
      {"s3.dualstack.us-gov-west-1.amazonaws.com", "us-gov-west-1", "s3"},
      {"s3.cn-north-1.amazonaws.com.cn", "cn-north-1", "s3"},
      {"sts.amazonaws.com", "us-east-1", "sts"},
      {"bedrock-runtime.us-west-2.amazonaws.com", "us-west-2", "bedrock"},
      {"abc.execute-api.us-east-2.amazonaws.com", "us-east-2", "execute-api"},
      {"search-x.us-east-1.es.amazonaws.com", "us-east-1", "es"},
      {"email.us-east-1.amazonaws.com", "us-east-1", "ses"},
  };
  for (const auto& [host, region, service] : rows) {
    INFO(host);
    CHECK(names_region(host, region));
    CHECK(names_service(host, service));
    CHECK_FALSE(names_region(host, "eu-north-1"));
    CHECK_FALSE(names_service(host, "iam"));
  }
  // Those of S3 without a region reach buckets in all of them.
  for (const auto* const host : {"bucket.s3.amazonaws.com",
                                 "s3.amazonaws.com",
                                 "bucket.s3-accelerate.dualstack.amazonaws.com"}) {
    CHECK(names_region(host, "us-east-1"));
    CHECK(names_region(host, "eu-north-1"));
    CHECK(names_service(host, "s3"));
  }
  // A bucket's name is anybody's choice.
  CHECK(names_region("eu-west-1.s3.us-east-1.amazonaws.com", "us-east-1"));
  CHECK_FALSE(names_service("iam.s3.us-east-1.amazonaws.com", "iam"));
  CHECK_FALSE(names_region("s3.us-east-1.example.com", "us-east-1"));
  CHECK_FALSE(names_service("s3.us-east-1.example.com", "s3"));
  CHECK_FALSE(names_service("s3.us-east-1.amazonaws.com.example.com", "s3"));
  for (const auto* const whole : {"s3.amazonaws.com",
                                  "s3-us-west-2.amazonaws.com",
                                  "s3.dualstack.us-west-2.amazonaws.com",
                                  "s3-fips.us-gov-west-1.amazonaws.com",
                                  "bucket.s3.example.com"}) {
    CHECK_FALSE(names_part(whole));
  }
  for (const auto* const part : {"bucket.s3.amazonaws.com",
                                 "s3.s3.us-east-1.amazonaws.com",
                                 "us-east-1.s3.amazonaws.com",
                                 "bucket.s3-us-west-2.amazonaws.com",
                                 "bucket.s3-accelerate.dualstack.amazonaws.com"}) {
    CHECK(names_part(part));
  }
}

TEST_CASE("a body passes untouched where the head says its hash or that it has none") {
  const auto bindings = with();
  const auto use = [&](const std::string& hash) {
    Request request;
    request.set("x-amz-content-sha256", hash);
    return Asked(request).body_use(bindings);
  };
  CHECK(use(aws::kNothing) == BodyUse::untouched);
  CHECK(use("UNSIGNED-PAYLOAD") == BodyUse::untouched);
  CHECK(use("STREAMING-UNSIGNED-PAYLOAD-TRAILER") == BodyUse::untouched);
  CHECK(use("STREAMING-AWS4-HMAC-SHA256-PAYLOAD") == BodyUse::rewritten);
  CHECK(use("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") == BodyUse::rewritten);
}

TEST_CASE("L31 a Host with https' own port is sent as it is signed") {
  Request request;
  request.set("Host", kHost + ":443");
  const auto outcome = Asked(request).sign(with(), kPair);
  CHECK(outcome.fields.at("Host") == kHost);
  CHECK(outcome.fields.at("authorization").ends_with(kPublishedGet));
}

TEST_CASE("S3's published chunks: the head's signature is the first of the chain") {
  Request request;
  request.method = "PUT";
  request.target = "/examplebucket/chunkObject.txt";
  request.host = "s3.amazonaws.com";
  request.fields = {
      {"Host", "s3.amazonaws.com"},
      {"Content-Encoding", "aws-chunked"},
      {"Content-Length", "66824"},
      {"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
      {"x-amz-date", aws::kS3Time},
      {"x-amz-decoded-content-length", "66560"},
      {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
      {"Authorization",
       authorization("content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
                     "x-amz-decoded-content-length;x-amz-storage-class",
                     "2c7d7af1eaa0202ec6f0ed4c5af506ae30b6ac86c0b983f0d860c938d1aa4327")}};
  const auto bindings = test::accepted(yaml_of(inject_of(), kId, request.host));
  const Asked asked(request);
  REQUIRE_FALSE(asked.refusal(bindings));
  std::vector<vault::Secret> secrets;
  secrets.push_back(test::secret_of(kRealId));
  secrets.push_back(test::secret_of(aws::kS3Secret));
  const SignInput input{secrets, kNow, 0};
  const auto& signer = *bindings.rules[0].signer();
  Edits edits;
  REQUIRE(signer.sign(asked.whole(), input, edits));
  const auto body = signer.sign_body(asked.whole(), input, edits);
  REQUIRE(body);
  base::Buffer out(std::size_t{1024} * 1024);
  const std::string chunk =
      "10000;chunk-signature=6740c7fb15e8c60d8feef18b0de1db98a6fe1bb1756c08bd4426743370ff34e5\r\n" +
      std::string(65'536, 'a') + "\r\n";
  REQUIRE(body.value()->feed(chunk, out));
  CHECK(out.view().starts_with(
      "10000;chunk-signature="
      "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"));
  CHECK_FALSE(body.value()->end());
}

TEST_CASE("a key id that could end its place is never written", "[I9]") {
  const auto bindings = with();
  for (const auto* const id : {"a/b", "a,b", "a\r\nX: y", "a b"}) {
    std::vector<vault::Secret> secrets;
    secrets.push_back(test::secret_of(id));
    secrets.push_back(test::secret_of("s"));
    Edits edits;
    const Asked asked({});
    const auto status = bindings.rules[0].signer()->sign(asked.whole(), {secrets, kNow, 0}, edits);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == base::Errc::invalid_input);
  }
}

TEST_CASE("the placeholder stands as the key id of the client's own signature", "[I2]") {
  const auto bindings = with();
  const auto& place = bindings.rules[0].placement();
  const std::string searched(bindings.rules[0].searched());
  CHECK(searched == "Credential=" + kId);
  http::HeaderList fields;
  const std::string theirs = authorization("host", kFakeGet);
  const std::string longer = "AWS4-HMAC-SHA256 Credential=" + kId + "5/x";
  const std::string other = "XCredential=" + kId + "/x";
  fields.add("Authorization", theirs);
  fields.add("X-Other", theirs);
  fields.add("Authorization", longer);
  fields.add("Authorization", other);
  const std::string target = presigned().target;
  CHECK(test::spots_of(place, {fields, target}, 0, searched) == "0:17-48x1");
  CHECK(test::spots_of(place, {fields, target}, 1, searched).empty());
  CHECK(test::spots_of(place, {fields, target}, 2, searched).empty());
  CHECK(test::spots_of(place, {fields, target}, 3, searched).empty());
  const auto at = target.find("Credential=");
  CHECK(test::spots_of(place, {fields, target}, 4, searched) ==
        "4:" + std::to_string(at) + "-" + std::to_string(at + searched.size()) + "x1");
  const std::string unprefixed = "/x?Credential=" + kId + "/y";
  CHECK(test::spots_of(place, {fields, unprefixed}, 4, searched).empty());
  CHECK(test::spots_of(place, {fields, "/X-Amz-Credential=" + kId + "/y"}, 4, searched).empty());
  CHECK_FALSE(place.can_be_filled());
  CHECK_FALSE(place.can_hold("a/b"));
}

TEST_CASE("a placeholder of sigv4 may be as short as a key id, and says what it is") {
  using test::errors_of;
  CHECK(test::accepted(yaml_of(inject_of(), "ASIAPLACEHOLDER22222")).rules[0].placeholder ==
        "ASIAPLACEHOLDER22222");
  CHECK(test::accepted(yaml_of(inject_of(), test::kPlaceholder)).rules[0].searched() ==
        test::kPlaceholder);
  CHECK(errors_of(yaml_of("[" + inject_of() + "]")).empty());
  CHECK(errors_of(yaml_of(inject_of(), "AKIAIOSFODNN7EXAMPL2")).find("contains PLACEHOLDER") !=
        std::string::npos);
  CHECK(errors_of(yaml_of(inject_of(), "AKIAPLACEHOLDER2222")).find("at least 24 characters") !=
        std::string::npos);
  CHECK(errors_of(yaml_of("{ header: Authorization, format: \"{secret}\" }"))
            .find("at least 24 characters") != std::string::npos);
}

TEST_CASE("what is wrong with the keys of sigv4 is said at its place") {
  using test::errors_of;
  const std::string pair = "{ type: sigv4, access_key_id: ID, secret_access_key: SECRET";
  CHECK(errors_of(yaml_of("{ type: sigv4, access_key_id: ID }")).find("secret_access_key") !=
        std::string::npos);
  CHECK(errors_of(yaml_of(pair + " }")).find("`placeholder_secret` must be there") !=
        std::string::npos);
  CHECK(errors_of(yaml_of(pair + ", proof: off }")).empty());
  CHECK(errors_of(yaml_of(pair + ", proof: perhaps }")).find("`proof` must be one of") !=
        std::string::npos);
  CHECK(errors_of(yaml_of(inject_of(", regions: \"a b\""))).find("`regions` must be 1 to 32") !=
        std::string::npos);
  CHECK(errors_of(yaml_of(inject_of(", services: \",\""))).find("`services` must be 1 to 32") !=
        std::string::npos);
  CHECK(errors_of(yaml_of(inject_of(", header: X"))).find("header") != std::string::npos);
}

TEST_CASE(
    "I42 what is signed as it came, and a secret in bodies of the same host, do not go well") {
  const auto both = [](const std::string& host, const std::string& other) {
    return test::errors_of(
        "allow_wildcard_hosts: true\n" + yaml_of(inject_of(), kId, host) +
        "  BODY:\n    placeholder: body-PLACEHOLDER-0123456789abc\n"
        "    inject: { body: text, json_pointer: /key }\n    bindings: [ { host: " +
        other + " } ]\n");
  };
  const std::string said = "signs what its client signed, and 'BODY' goes into bodies";
  CHECK(both("a.example.com", "a.example.com").find(said) != std::string::npos);
  CHECK(both("\"*.example.com\"", "a.example.com").find(said) != std::string::npos);
  CHECK(both("a.example.com", "\"*.example.com\"").find(said) != std::string::npos);
  CHECK(both("a.example.com", "b.example.com").find(said) == std::string::npos);
  CHECK(both("a.example.com", "\"*.a.example.com\"").find(said) == std::string::npos);
}

}  // namespace keyswap::bindings
