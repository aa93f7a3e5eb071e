# SPDX-License-Identifier: Apache-2.0
# What OpenMetadata's interface sends and does, for a browser of ours at a site with SSOBridge.
package SSO::Bridge;
use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();
use MIME::Base64 qw(decode_base64url);
use Test::More import => [qw(is like ok is_deeply subtest diag)];

use SSO::Test ();

our @EXPORT = qw(claims_of header_of token_of xhr signed_in answers_401 login_call);

sub part { my ($token, $i) = @_; return JSON::PP::decode_json(decode_base64url((split /\./, $token)[$i])) }
sub header_of { return part($_[0], 0) }
sub claims_of { return part($_[0], 1) }

# The call that begins a login, for an interface below `base`; `plain`: as v1.9 writes it, not encoded.
sub login_call {
    my ($site, $base, %opt) = @_;
    my $callback = $site->origin . ($base // '') . '/auth/callback';
    return ($base // '') . '/api/v1/auth/login?redirectUri=' . ($opt{plain} ? $callback : SSO::Browser::escape($callback));
}

# The marker in the URL of the callback page.
sub token_of {
    my ($url) = @_;
    return ($url // '') =~ /[?#&]id_token=([^&#]+)/ ? SSO::Browser::unescape($1) : undef;
}

# An XHR of the interface.
sub xhr {
    my ($site, $browser, $method, $path, $token, %opt) = @_;
    my %headers = (Accept => 'application/json, text/plain, */*', ($token ? (Authorization => "Bearer $token") : ()),
        %{delete $opt{headers} // {}});
    return $browser->fetch($site->url($path), method => $method, from => $site->url('/my-data'), %opt,
        headers => \%headers);
}

# A browser that signs in as the interface does: (browser, marker, last page).
sub signed_in {
    my ($site, %args) = @_;
    my $browser = delete $args{browser} // $site->new_browser;
    my $page = SSO::Test::login($site, delete $args{call} // login_call($site), browser => $browser, %args);
    my ($hop) = grep { token_of($_->location) } $page->hops;
    return ($browser, $hop && token_of($hop->location), $page);
}

# Row 6 of what the interface understands: 401, the words that make it renew, and why in the log.
sub answers_401 {
    my ($site, $page, $reason, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return subtest $name => sub {
        is $page->status, 401, 'status' or diag $page->summary;
        is $page->header('WWW-Authenticate'), 'Bearer', 'challenge';
        like $page->header('Content-Type'), qr{^application/json}, 'JSON';
        is_deeply eval { $page->json }, {code => 401, message => 'Expired token!'}, 'the words that make it renew';
        is_deeply [map { $page->header($_) } qw(Cache-Control Pragma)], [qw(no-store no-cache)], 'not to be kept';
        ok !SSO::Test::sent($page), 'the application saw nothing';
        SSO::Test::expect_log($site, qr/SSO25\d: .*reason=$reason /, "the log says $reason");
    };
}

1;
