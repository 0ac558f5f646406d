// SPDX-License-Identifier: Apache-2.0
//
// What the scheme `sigv4` reads in a request, and how a request is signed. All of it is pure; a
// WholeRequest's views must outlive what is made of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "bindings/signatures/sigv4_canonical.h"
#include "bindings/signatures/sigv4_claim.h"
#include "bindings/signatures/sigv4_pair.h"
#include "bindings/signer.h"

namespace keyswap::bindings::sigv4 {

std::string_view query_of(const WholeRequest& request);

// What the head says of the body (x-amz-content-sha256); "": nothing.
std::string_view said_hash(const WholeRequest& request);
// What is signed of the body.
std::string payload_hash(const WholeRequest& request, const Claim& claim);
bool is_signed_in_chunks(std::string_view hash);
// The same, and with a trailer that is signed, too.
bool is_trailer_signed(std::string_view hash);
// Under a head that is signed so: chunks of the other algorithm are none.
bool is_known_hash(std::string_view hash, Algorithm algorithm);

// Is all that decides what the request is signed, and does none of it go away before AWS reads it?
bool is_well_made(const Claim& claim, const http::HeaderList& fields);

// The parameters that are signed: all but the signature. Error: as read_query().
base::Result<std::vector<Parameter>> signed_query(std::string_view query);

// "20130524T000000Z"
std::string date_time_of(std::int64_t now_us);

// Was it made just now, as this clock has it? A presigned URL is good for as long as it says.
bool is_current(const Claim& claim, std::int64_t now_us);

// I3: does it read what this binding does not name?
bool reads_elsewhere(const WholeRequest& request,
                     std::span<const Parameter> query,
                     const Scope& scope);

// A request as its head is signed anew; views of the request and of locked memory.
struct Subject {
  std::vector<http::Field> fields;
  std::vector<std::string> names;
  std::vector<Parameter> query;
  std::string payload_hash;
  std::string date_time;
};

// With this pair.
base::Result<std::string> sign_subject(const WholeRequest& request,
                                       const Claim& claim,
                                       const Subject& subject,
                                       const Pair& pair);

// Is the client's signature one that the throw-away pair gives for the request as it came?
bool is_signed_with(std::string_view placeholder_secret,
                    const WholeRequest& request,
                    const Claim& claim);

}  // namespace keyswap::bindings::sigv4
