// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/listen_address.h"

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/cli/serve_listen.h"

namespace keyswap::cli {

namespace {

bindings::Bindings listing(std::vector<std::string> callers) {
  bindings::Bindings bindings;
  bindings.callers = std::move(callers);
  return bindings;
}

std::vector<ListenAddress> all_of(const std::vector<std::string>& texts) {
  auto addresses = parse_all_listens(texts);
  REQUIRE(addresses);
  return std::move(addresses).value();
}

}  // namespace

TEST_CASE("an address to listen on is an IP address with a port, or the path of a socket") {
  CHECK(parse_listen("127.0.0.1:8472")->port == 8472);
  CHECK(parse_listen("127.9.9.9:0")->host == "127.9.9.9");
  CHECK(parse_listen("[::1]:1")->host == "::1");
  CHECK(parse_listen("unix:/run/k.sock")->unix_path == "/run/k.sock");
  CHECK(parse_listen("unix:k.sock")->unix_path.starts_with("/"));
  for (const char* text : {"127.0.0.1:8472", "[::1]:0", "0.0.0.0:1", "unix:/run/k.sock"}) {
    CHECK(to_string(parse_listen(text).value()) == text);
  }
  const std::string bad = GENERATE("[::ffff:127.0.0.1]:1",
                                   "localhost:1",
                                   "127.0.0.1",
                                   "127.0.0.1:",
                                   "127.0.0.1:65536",
                                   "127.0.0.1:-1",
                                   "::1:1",
                                   ":1",
                                   "127.0.0.1:1x",
                                   "2130706433:1",
                                   "unix:",
                                   "");
  INFO(bad);
  auto listen = parse_listen(bad);
  REQUIRE_FALSE(listen);
  CHECK(listen.failure().exit == Exit::usage);
  CHECK_FALSE(listen.failure().hint.empty());
}

TEST_CASE("AD-08 F42 beyond loopback is listened only where the bindings say who may come") {
  const std::string beyond = GENERATE("0.0.0.0:1", "[::]:1", "10.0.0.1:1", "172.17.0.1:8472");
  const auto addresses = all_of({"127.0.0.1:8472", beyond});
  CHECK(addresses.back().is_beyond_loopback());
  const auto refused = check_listens(addresses, listing({}), "/h/bindings.yaml");
  REQUIRE(refused);
  CHECK(refused->exit == Exit::usage);
  CHECK(refused->what.find(addresses.back().host) != std::string::npos);
  CHECK(refused->what.find("/h/bindings.yaml") != std::string::npos);
  CHECK(refused->hint.find("keyswap caller add") != std::string::npos);
  CHECK(refused->hint.find("callers:") != std::string::npos);
  CHECK_FALSE(check_listens(addresses, listing({"agent"}), "/h/bindings.yaml"));
  CHECK_FALSE(check_listens(
      all_of({"127.0.0.1:1", "[::1]:1", "unix:/run/k.sock"}), listing({}), "/h/bindings.yaml"));
}

TEST_CASE("no address is listened on twice, and no more than there is room for") {
  CHECK(to_string(all_of({}).front()) == kDefaultListen);
  CHECK(all_of({"127.0.0.1:0", "127.0.0.1:0"}).size() == 2);
  CHECK_FALSE(parse_all_listens({"127.0.0.1:1", "[::1]:1", "127.0.0.1:1"}));
  CHECK_FALSE(parse_all_listens({"unix:/run/k.sock", "unix:/run/k.sock"}));
  const std::vector<std::string> many(base::bounds::kListenersMax + 1, "127.0.0.1:0");
  CHECK_FALSE(parse_all_listens(many));
  CHECK(all_of({many.begin(), many.end() - 1}).size() == base::bounds::kListenersMax);
}

TEST_CASE("addresses of which only one can be listened on are told, in whatever form they come") {
  const auto refused = parse_all_listens({"127.0.0.1:1", "0.0.0.0:1"});
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().exit == Exit::usage);
  CHECK(refused.failure().what == "--listen 0.0.0.0:1 and 127.0.0.1:1 overlap");
  CHECK_FALSE(parse_all_listens({"[::]:1", "[::1]:1"}));
  CHECK_FALSE(parse_all_listens({"[::1]:1", "[0:0:0:0:0:0:0:1]:1"}));
  CHECK(parse_listen("[0:0::1]:1")->host == "::1");
  CHECK(all_of({"0.0.0.0:1", "[::]:1", "127.0.0.1:2", "0.0.0.0:0", "127.0.0.1:0"}).size() == 5);
  CHECK(parse_listen(":8472").failure().hint.find("127.0.0.1:8472") != std::string::npos);
}

TEST_CASE("where clients come it is not managed") {
  const auto listens = all_of({"127.0.0.1:1", "unix:/run/k.sock"});
  CHECK(check_manage(parse_manage("127.0.0.1:1").value(), listens));
  CHECK(check_manage(parse_manage("127.0.0.1:1").value(), all_of({"0.0.0.0:1"})));
  CHECK_FALSE(check_manage(parse_manage("127.0.0.1:2").value(), listens));
  CHECK_FALSE(check_manage(parse_manage("127.0.0.1:0").value(), all_of({"127.0.0.1:0"})));
}

TEST_CASE("clients of this machine are given an address that they can reach") {
  CHECK(address_for_clients({"127.0.0.1:1"}) == "127.0.0.1:1");
  CHECK(address_for_clients({"0.0.0.0:1"}) == "127.0.0.1:1");
  CHECK(address_for_clients({"[::]:1"}) == "[::1]:1");
  CHECK(address_for_clients({"172.17.0.1:1"}) == "172.17.0.1:1");
  CHECK(address_for_clients({"unix:/k", "172.17.0.1:1", "127.0.0.1:2"}) == "127.0.0.1:2");
  CHECK(address_for_clients({"127.0.0.1:1", "[::1]:1"}) == "127.0.0.1:1");
  CHECK(address_for_clients({"unix:/k"}) == "unix:/k");
  CHECK_FALSE(check_client_address("127.0.0.1:1"));
  const auto refused = check_client_address("unix:/k");
  REQUIRE(refused);
  CHECK(refused->exit == Exit::cannot);
}

TEST_CASE("the ready line lists the addresses where `proxy` does not say all") {
  using Texts = std::vector<std::string>;
  CHECK(addresses_to_tell({"127.0.0.1:8472"}).empty());
  CHECK(addresses_to_tell({"0.0.0.0:1"}) == Texts{"0.0.0.0:1"});
  CHECK(addresses_to_tell({"127.0.0.1:1", "unix:/k"}) == Texts{"127.0.0.1:1", "unix:/k"});
}

}  // namespace keyswap::cli
