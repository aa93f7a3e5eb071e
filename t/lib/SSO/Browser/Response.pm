# SPDX-License-Identifier: Apache-2.0
# An answer as the browser got it, and the forms on the page.
package SSO::Browser::Response;
use strict;
use warnings;

use JSON::PP ();

# Reads one answer. `more`(until) gives the next bytes: undef when time is over, '' at the end of the stream.
sub read {
    my ($class, $more, $until, $method) = @_;
    my ($buffer, $ended) = ('', 0);
    my $fill = sub {
        return 0 if $ended;
        my $chunk = $more->($until);
        if (!defined $chunk || $chunk eq '') { $ended = defined $chunk ? 1 : 2; return 0 }
        $buffer .= $chunk;
        return 1;
    };
    my $self;
    while (1) {
        while ($buffer !~ /\r?\n\r?\n/) { $fill->() or return }
        $buffer =~ s/^(.*?)\r?\n\r?\n//s;
        my ($first, @lines) = split /\r?\n/, $1;
        my ($status, $reason) = $first =~ m{^HTTP/\d\.\d (\d{3}) ?(.*)} or return;
        $self = bless {status => $status, reason => $reason, head => [map { [split /:\s*/, $_, 2] } @lines],
            body => ''}, $class;
        last if $status >= 200 || $status == 101;
    }
    my $length = $self->header('content-length');
    my $complete = 1;
    if ($method eq 'HEAD' || $self->{status} =~ /^(?:204|304|101)$/) { }
    elsif (lc($self->header('transfer-encoding') // '') eq 'chunked') { $complete = $self->_chunks(\$buffer, $fill) }
    elsif (defined $length) {
        while (length $buffer < $length) { $fill->() or last }
        $complete = length $buffer >= $length;
        $self->{body} = substr $buffer, 0, $length, '';
    }
    else { 1 while $fill->(); ($self->{body}, $self->{closed}) = ($buffer, 1) }
    $self->{truncated} = !$complete;
    $self->{reusable} = $complete && !$self->{closed} && lc($self->header('connection') // '') ne 'close';
    return $self;
}

sub _chunks {
    my ($self, $buffer, $fill) = @_;
    while (1) {
        while ($$buffer !~ /\r\n/) { $fill->() or return 0 }
        $$buffer =~ s/^([0-9a-fA-F]+)[^\r]*\r\n// or return 0;
        my $size = hex $1;
        while (length $$buffer < $size + 2) { $fill->() or return 0 }
        $self->{body} .= substr $$buffer, 0, $size, '';
        substr $$buffer, 0, 2, '';
        return 1 if $size == 0;
    }
}

sub status { $_[0]{status} }
sub body { $_[0]{body} }
sub url { $_[0]{url} }
sub request { $_[0]{request} }
sub hops { @{$_[0]{hops} // [$_[0]]} }
sub headers { my ($self, $name) = @_; return map { $_->[1] // '' } grep { lc $_->[0] eq lc $name } @{$self->{head}} }
sub header { my ($self, $name) = @_; return ($self->headers($name))[0] }
sub json { my ($self) = @_; return JSON::PP->new->utf8->allow_nonref->decode($self->{body}) }
sub is_redirect { my ($self) = @_; return $self->{status} =~ /^30[12378]$/ && defined $self->header('location') }
sub summary { my ($self) = @_; return "$self->{request}{method} $self->{url} -> $self->{status}" }
# The Set-Cookie line of this name; undef: none.
sub set_cookie { my ($self, $name) = @_; return (grep { /^\Q$name\E=/ } $self->headers('set-cookie'))[0] }

sub location {
    my ($self) = @_;
    my $to = $self->header('location');
    return defined $to ? SSO::Browser::absolute($self->{url}, $to) : undef;
}
# Parameters of the redirect.
sub location_query {
    my ($self) = @_;
    my $to = $self->location;
    return defined $to ? scalar SSO::Browser::query_of($to) : {};
}

# A page that sends its form without being asked: form_post.
sub is_self_submitting {
    my ($self) = @_;
    return $self->{body} =~ m{<script[^>]*>[^<]*\bforms?\b[^<]*\.submit\(\)}i
        || $self->{body} =~ /<body[^>]+onload=[^>]*submit\(\)/i;
}

sub _attributes {
    my ($text) = @_;
    my %out;
    while ($text =~ /([\w:-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?/g) {
        $out{lc $1} //= _unhtml($2 // $3 // $4 // '');
    }
    return \%out;
}

sub _unhtml {
    my ($text) = @_;
    my %named = (amp => '&', lt => '<', gt => '>', quot => '"', apos => "'");
    my $meant = sub { defined $_[0] ? chr $_[0] : defined $_[1] ? chr hex $_[1] : $named{$_[2]} // "&$_[2];" };
    return $text =~ s/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/$meant->($1, $2, $3)/ger;
}

# Forms with their controls; those outside with a form= attribute count too.
sub forms {
    my ($self) = @_;
    my @forms;
    my %by_id;
    while ($self->{body} =~ m{<form\b([^>]*)>(.*?)</form>}gis) {
        my ($attributes, $inner) = (_attributes($1), $2);
        my $form = bless {action => $attributes->{action}, method => lc($attributes->{method} // 'get'),
            id => $attributes->{id},
            controls => []}, 'SSO::Browser::Form';
        push @forms, $form;
        $by_id{$form->{id}} = $form if defined $form->{id};
        push @{$form->{controls}}, map { $_->{form} ? () : $_ } _controls($inner);
    }
    for my $control (grep { defined $_->{form} } _controls($self->{body})) {
        push @{$by_id{$control->{form}}{controls}}, $control if $by_id{$control->{form}};
    }
    return @forms;
}

sub _controls {
    my ($html) = @_;
    my @found;
    while ($html =~ m{<(input|button|select|textarea)\b([^>]*)>}gis) { push @found, {%{_attributes($2)}, tag => lc $1} }
    return @found;
}

package SSO::Browser::Form;

# [name => value, …] as a browser would send it; `button`: name of the pressed button, default the first that has one.
sub fields {
    my ($self, $values, $button) = @_;
    my %left = %$values;
    my (@out, $pressed);
    for my $c (grep { defined $_->{name} && $_->{name} ne '' } @{$self->{controls}}) {
        my $type = lc($c->{type} // ($c->{tag} eq 'button' ? 'submit' : 'text'));
        if ($type =~ /^(?:submit|image|button)$/) {
            next if defined $button && $button ne $c->{name};
            next if $pressed++;
        }
        next if $type =~ /^(?:checkbox|radio)$/ && !exists $c->{checked} && !exists $left{$c->{name}};
        push @out, $c->{name}, exists $left{$c->{name}} ? delete $left{$c->{name}} : $c->{value} // '';
    }
    return [@out, %left];
}

1;
