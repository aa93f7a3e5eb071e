# SPDX-License-Identifier: Apache-2.0
# Pushed authorization requests (RFC 9126): what the browser carries is a name, the request itself goes straight to the
# provider.
use lib 't/lib';
use SSO::Test;

my $op = SSO::OP->scripted({path => '/main'});
my $par = $op->issuer . '/par';
$op->sign(token => {key => 'k1'}); # a key takes its time when it is made
my $site = site(provider => $op, client => 'basic', snippet => <<"END", httpd => {servers => 1, threads => 16});
SSOEndpoint par $par
SSOAuthParam ui_locales "en"
SSOTimeout 1 2
<SSOProvider plain>
    SSOIssuer @{[$op->issuer]}
    SSOClientID public
    SSOEndpoint par $par
</SSOProvider>
<SSOProvider announced>
    SSOIssuer @{[$op->issuer]}
    SSOClientID public
</SSOProvider>
<Location /protected/plain/>
    SSOUse plain
</Location>
<Location /protected/announced/>
    SSOUse announced
</Location>
END

sub pushes { return $op->requests('/par') }
sub start {
    my ($path) = @_;
    return $site->new_browser->request(GET => $site->url($path // '/protected/'), follow => 0,
        headers => {'Sec-Fetch-Dest' => 'document', 'Sec-Fetch-Mode' => 'navigate', Accept => 'text/html'});
}

subtest 'par-happy' => sub {
    my $page = login($site, '/protected/?a=b', browser => $site->new_browser);
    is $page->status, 200, 'alice is in' or diag $page->summary, join "\n", $op->failures;
    my ($push) = pushes;
    is $push->{method}, 'POST', 'the request was pushed';
    like $push->{headers}{authorization}, qr/^Basic /, '… by us';
    is $push->{form}{client_secret}, undef, '… once';
    is $push->{form}{$_->[0]}, $_->[1], "… with $_->[0]"
        for ['response_type', 'code'], ['client_id', 'basic'], ['code_challenge_method', 'S256'], ['ui_locales', 'en'],
        ['redirect_uri', $site->url('/sso/callback')];
    ok $push->{form}{$_}, "… and a $_" for qw(state nonce code_challenge scope);
    my ($asked) = $op->requests('/authorize');
    is_deeply [sort keys %{$asked->{query}}], [qw(client_id request_uri)], 'the browser carried a name only';
    is_deeply [$op->failures], [], 'and the provider was content';
};

subtest 'a public client pushes too' => sub {
    $op->reset;
    is login($site, '/protected/plain/', browser => $site->new_browser)->status, 200, 'alice is in';
    my ($push) = pushes;
    is $push->{form}{client_id}, 'public', 'it says who it is';
    is $push->{headers}{authorization}, undef, '… without a secret';
    is_deeply [$op->failures], [], 'and the provider was content';
};

subtest 'an endpoint that is only announced is not used' => sub {
    $op->reset;
    is login($site, '/protected/announced/', browser => $site->new_browser)->status, 200, 'alice is in';
    is scalar(pushes), 0, 'nothing was pushed';
};

sub ends {
    my ($name, $script, $status, $reason) = @_;
    subtest $name => sub {
        $op->reset->control({par => $script});
        my $page = start();
        is $page->status, $status, "status $status" or diag $page->summary;
        is $page->header('Location'), undef, 'no redirect';
        ok !sent($page), 'the application saw nothing';
        unlike $page->body, qr/<b>no/, 'nothing of the answer is shown';
        expect_log $site, qr/SSO201: .*reason=$reason /;
        is scalar($op->requests('/authorize')), 0, 'nobody was sent to the provider';
    };
    return;
}

ends @$_ for
    ['par-error: refused', {status => 400, body => '{"error":"invalid_request","error_description":"<b>no</b>"}'}, 502,
        'par-refused'],
    ['par-error: who are you', {status => 401, body => '{"error":"invalid_client"}'}, 502, 'par-refused'],
    ['par-error: broken', {status => 500, body => 'oops'}, 502, 'par-refused'],
    ['par-error: no request_uri', {remove => ['request_uri']}, 502, 'par-answer'],
    ['par-error: a request_uri that is none', {set => {request_uri => 'a b'}}, 502, 'par-answer'],
    ['par-error: a request_uri of the wrong type', {set => {request_uri => [1]}}, 502, 'par-answer'],
    ['par-error: no JSON', {body => '<html>', type => 'text/html'}, 502, 'par-answer'],
    ['par-error: too much', {set => {x => {'$repeat' => ['x', 70_000]}}}, 502, 'fetch-too-large'],
    ['par-error: too slow', {hang => true}, 504, 'fetch-timeout'],
    ['par-redirect', {redirect => $op->origin . '/elsewhere'}, 502, 'par-refused'];

subtest 'par-request-uri-injection' => sub {
    $op->reset->control({par => {set => {request_uri => 'urn:x&client_id=other&redirect_uri=https://evil.example#y'}}});
    my $page = start();
    like $page->header('Location'), qr/\?client_id=basic&request_uri=urn%3Ax%26client_id%3Dother%26[^&#]+%23y$/,
        'is one parameter';
};

$op->reset;
is login($site, '/protected/', browser => $site->new_browser)->status, 200, 'afterwards everybody can sign in again';

done_testing;
