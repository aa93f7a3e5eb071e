# SPDX-License-Identifier: Apache-2.0
# The pages a person sees: plain, safe, with the id that is in the log; an operator's own in their place.
use lib 't/lib';
use SSO::Test;

my $hostile = '/protected/%22%3E%3Cscript%3Ealert(1)%3C/script%3E?q=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E&x={id}';

# The four pages: [what makes it, status, words, the log's id]
sub pages {
    my ($site) = @_;
    my $callback = sub { my ($b) = @_; $b->follow($b->get($site->url($hostile)))->location };
    return (
        ['login failed', 502, 'Sign-in did not work', 'SSO206', sub {
            my $b = $site->new_browser;
            my $url = $callback->($b);
            $site->op->control({token => {status => 400, type => 'application/json',
                body => '{"error":"invalid_grant","error_description":"<script>alert(1)</script>"}'}});
            my $page = $b->get($url, from => $site->op->issuer);
            $site->op->reset;
            return $page;
        }],
        ['cookies blocked', 400, 'Sign-in needs cookies', 'SSO204', sub {
            return $site->new_browser->get($callback->($site->new_browser), from => $site->op->issuer);
        }],
        ['loop stopped', 403, 'Sign-in was stopped', 'SSO203', sub {
            my $b = $site->new_browser;
            for (1 .. 4) {
                my $page = $b->get($site->url($hostile));
                return $page if $page->status != 302;
                $b->follow($b->follow($page));
                $b->jar->clear('sso-' . $site->httpd->port);
            }
        }],
        ['signed out', 200, 'You are signed out', undef, sub { $site->new_browser->get($site->url('/sso/logout')) }],
    );
}

sub is_safe {
    my ($page) = @_;
    like $page->header('Content-Type'), qr{^text/html; charset=utf-8$}i, '… HTML';
    like $page->header('Content-Security-Policy'), qr/^default-src 'none';(?!.*script).*frame-ancestors 'none'/,
        '… no script, no frame';
    is $page->header('X-Frame-Options'), 'DENY', '… in either language';
    is $page->header('X-Content-Type-Options'), 'nosniff', '… no guessing';
    is $page->header('Cache-Control'), 'no-store', '… not kept';
    is $page->header('Referrer-Policy'), 'no-referrer', '… no referrer';
    unlike $page->body, qr/<script|<img|onerror=alert\(1\)>/, '… nothing of the request stands in it as HTML';
    return;
}

subtest 'ours' => sub {
    my $site = site(snippet => 'ErrorDocument 502 "from httpd"');
    for my $case (pages($site)) {
        my ($name, $status, $words, $id, $make) = @$case;
        my $page = $make->();
        is $page->status, $status, $name;
        like $page->body, qr/<h1>\Q$words\E<\/h1>/, '… says what happened';
        like $page->body, qr/<meta name="viewport" content="width=device-width/, '… on a phone too';
        is_safe($page);
        next if !$id;
        my ($shown) = $page->body =~ m{<code>([\w@.-]+)</code>} or fail 'an id is shown';
        expect_log $site, qr/$id: .*reason=[\w-]+ id=\Q$shown\E$/, '… whose id is in the log';
    }
};

subtest 'the operator\'s' => sub {
    my $site = site(start => 0, snippet => 'SSOErrorPage "${ROOT}/page.html"');
    $site->httpd->write('page.html', "<!doctype html><title>Acme: {title}</title><p>{text}</p><a href=\"{retry}\">again</a>"
        . "<code>{id}</code>{other}<link rel=stylesheet href=/acme.css>\n");
    $site->httpd->start;
    for my $case (pages($site)) {
        my ($name, $status, $words, $id, $make) = @$case;
        my $page = $make->();
        is $page->status, $status, $name;
        like $page->body, qr/<title>Acme: \Q$words\E<\/title>/, '… is the operator\'s';
        like $page->body, qr/\{other\}/, '… other braces stay';
        unlike $page->body, qr/\{(?:title|text|retry)\}/, '… ours are filled';
        is_safe($page);
        next if !$id;
        my ($shown) = $page->body =~ m{<code>([\w@.-]+)</code>} or fail 'an id is shown';
        expect_log $site, qr/$id: .*id=\Q$shown\E$/, '… whose id is in the log';
    }
    unlink $site->httpd->root . '/page.html';
    like $site->new_browser->get($site->url('/sso/logout'))->body, qr/<h1>You are signed out/, 'when the file is gone: ours';
};
done_testing;
