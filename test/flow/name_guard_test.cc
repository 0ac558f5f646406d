// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/name_guard.h"

#include <catch2/catch.hpp>

namespace keyswap::flow {

namespace {

TEST_CASE("a name of this machine or of this network is not public", "[I12]") {
  for (const auto* name : {"localhost",
                           "app.localhost",
                           "a.b.localhost",
                           "ip6-localhost",
                           "localhost.localdomain",
                           "printer.local",
                           "db.internal",
                           "vault.corp.internal",
                           "nas.home.arpa",
                           "router.lan",
                           "files.home",
                           "wiki.corp",
                           "wiki.intranet",
                           "x.private",
                           "redis",
                           "my-service",
                           "kubernetes.default.svc",
                           "kubernetes.default.svc.cluster.local",
                           "host.docker.internal",
                           "app.localtest.me",
                           "lvh.me"}) {
    INFO(name);
    CHECK(judge_name(name) == AddressVerdict::not_public);
  }
}

TEST_CASE("the name of a metadata service is refused like its address", "[I12]") {
  for (const auto* name : {"metadata",
                           "metadata.google.internal",
                           "x.metadata.google.internal",
                           "metadata.goog",
                           "instance-data",
                           "instance-data.ec2.internal",
                           "metadata.azure.internal",
                           "metadata.tencentyun.com"}) {
    INFO(name);
    CHECK(judge_name(name) == AddressVerdict::metadata);
  }
}

TEST_CASE("a public name is not taken for another by its beginning or its end") {
  for (const auto* name : {"api.example.com",
                           "notlocalhost.com",
                           "localhost.example.com",
                           "evil-internal.com",
                           "internal.example.com",
                           "mylocal.dev",
                           "metadata.example.com",
                           "mymetadata.goog",
                           "home.arpa.example.com",
                           "xn--local-abc.com",
                           "home.example"}) {
    INFO(name);
    CHECK(judge_name(name) == AddressVerdict::allowed);
  }
}

TEST_CASE("an address that a name spells is judged like the address", "[I12]") {
  for (const auto* name : {"127.0.0.1.nip.io",
                           "10.0.0.1.sslip.io",
                           "app.10.0.0.1.nip.io",
                           "10-0-0-1.nip.io",
                           "app-192-168-1-250.nip.io",
                           "ip-172-31-0-9.eu-west-1.compute.example.com",
                           "7f000001.nip.io",
                           "app.0a000001.nip.io",
                           "--1.sslip.io",
                           "fd00--1.sslip.io"}) {
    INFO(name);
    CHECK(judge_spelled_addresses(name) == AddressVerdict::not_public);
  }
  for (const auto* name :
       {"169.254.169.254.nip.io", "169-254-169-254.sslip.io", "a9fea9fe.nip.io"}) {
    INFO(name);
    CHECK(judge_spelled_addresses(name) == AddressVerdict::metadata);
  }
}

TEST_CASE("a name that spells a public address, or none, is not refused for it") {
  for (const auto* name : {"api.example.com",
                           "8.8.8.8.nip.io",
                           "ec2-3-4-5-6.compute-1.amazonaws.com",
                           "1-2-3.example.com",
                           "10.0.0.example.com",
                           "300-1-1-1.example.com",
                           "deadbeef.example.com",
                           "7f000001.example.com",
                           "v1-2-3-4-5.example.com",
                           "a",
                           "a-b-c-d.e"}) {
    INFO(name);
    CHECK(judge_spelled_addresses(name) == AddressVerdict::allowed);
  }
}

}  // namespace

}  // namespace keyswap::flow
